package web

import "sync/atomic"

// Stats are counters since the start, and sizes now.
type Stats struct {
	// Answers by class.
	OK, NotModified, Redirects, ClientErrors, ServerErrors uint64
	// Renders counts documents made, Failures attempts that failed, Stale answers with a document known to be old.
	Renders, Failures, Stale uint64
	// SpoolReads counts documents that were served from disk because the store failed.
	SpoolReads uint64
	// Refused counts filters that were not looked up because too many were asked for at once.
	Refused uint64
	// CacheBytes and CacheEntries are the rendered documents in memory, SpoolBytes those on disk.
	CacheBytes, CacheEntries, SpoolBytes uint64
}

type counters struct {
	OK, NotModified, Redirects, ClientErrors, ServerErrors atomic.Uint64
	Renders, Failures, Stale, SpoolReads, Refused          atomic.Uint64
}

func (c *counters) failed(status int) {
	if status >= 500 {
		c.ServerErrors.Add(1)
	} else {
		c.ClientErrors.Add(1)
	}
}

// Stats reads the counters.
func (s *Server) Stats() Stats {
	st := Stats{
		OK: s.stats.OK.Load(), NotModified: s.stats.NotModified.Load(), Redirects: s.stats.Redirects.Load(),
		ClientErrors: s.stats.ClientErrors.Load(), ServerErrors: s.stats.ServerErrors.Load(),
		Renders: s.stats.Renders.Load(), Failures: s.stats.Failures.Load(), Stale: s.stats.Stale.Load(),
		SpoolReads: s.stats.SpoolReads.Load(), Refused: s.stats.Refused.Load(),
		CacheBytes: s.cache.WeightedSize() + s.side.WeightedSize(), CacheEntries: uint64(s.cache.EstimatedSize() + s.side.EstimatedSize()),
	}
	for _, inner := range s.inners("") {
		st.CacheBytes += inner.cache.WeightedSize() + inner.side.WeightedSize()
		st.CacheEntries += uint64(inner.cache.EstimatedSize() + inner.side.EstimatedSize())
	}
	if s.spool != nil {
		st.SpoolBytes = s.spool.bytes()
	}
	return st
}
