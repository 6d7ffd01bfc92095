package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// registry makes the metrics of this process. Values are read when they are asked for; nothing is counted twice.
func (a *App) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{a})
	return r
}

// collector turns the states of sources and the counters of the web into metrics.
type collector struct{ a *App }

var (
	sourceItems    = describe("source_items", "Live items of the source.", "source")
	sourceLast     = describe("source_last_success_seconds", "Unix time of the last successful fetch.", "source")
	sourceDue      = describe("source_due_seconds", "Unix time of the next fetch.", "source")
	sourceFailures = describe("source_failures", "Failed fetches in a row.", "source")
	sourceRejected = describe("source_rejected_posts", "Posts that are not published as they stand.", "source", "repaired")
	sourceDropped  = describe("source_dropped_items", "Items that the rules of the source leave out, as far as they are remembered.", "source")
	sourceMerged   = describe("source_merged_items", "Live items of the source that are shown as one with those of other sources, under these.", "source")
	sourceWithheld = describe("source_withheld_items", "Withdrawals that wait for feedmill release.", "source")
	sourceChurned  = describe("source_churned_items", "Entries under other keys that wait for feedmill absorb or release.", "source")
	sourceAdopted  = describe("source_adopted_items", "IDs of the adopted feed.", "source", "matched")
	sourceRequests = describe("source_requests_total", "Documents that the source has asked servers for, since it was first fetched.", "source")
	sourceUnmoved  = describe("source_not_modified_total", "Those that were answered with 304.", "source")
	sourceBytes    = describe("source_received_bytes_total", "Bytes of the answers, decompressed.", "source")
	sourceStatus   = describe("source_last_http_status", "HTTP status of the last answer; 0 for none.", "source")
	sourceChecked  = describe("source_validators", "1 if the server sends ETag or Last-Modified.", "source")
	sourceCadence  = describe("source_cadence_seconds", "Mean time between new items.", "source")
	sourceSilent   = describe("source_silent", "1 if nothing new has come for more than three times the cadence.", "source")
	answers        = describe("http_answers_total", "Answers of the public listener.", "class")
	renders        = describe("renders_total", "Documents rendered.", "result")
	staleAnswers   = describe("http_stale_answers_total", "Answers with a document known to be old, because the store failed or was slow.")
	spoolReads     = describe("spool_reads_total", "Documents served from disk because the store failed.")
	cacheBytes     = describe("rendered_bytes", "Rendered documents kept.", "where")
	cacheEntries   = describe("rendered_documents", "Rendered documents in memory.")
	filtersRefused = describe("filters_refused_total", "Filters that were not looked up because too many were asked for at once.")
	savedItems     = describe("saved_feed_items", "Items of the saved feed, read at most every half a minute.", "feed")
	savedReady     = describe("saved_feed_ready", "1 if the saved feed has all that its expression matches, 0 while it is being gathered.", "feed")
	configOK       = describe("config_loaded", "1 if the configuration on disk is the one that runs, 0 if it is wrong.")
	hubSubs        = describe("hub_subscriptions", "WebSub subscriptions; 0 where another replica serves them.")
	hubFailing     = describe("hub_failing_callbacks", "Callbacks that wait to be served again.")
	hubDeliveries  = describe("hub_deliveries_total", "Deliveries to WebSub subscribers.", "result")
	hubRequests    = describe("hub_requests_total", "Requests to subscribe and to unsubscribe.", "result")
	hubPings       = describe("hub_pings_total", "Feeds of whose change hubs of others were told.")
	buildInfo      = describe("build_info", "Always 1; the label is the version.", "version")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("feedmill_"+name, help, labels, nil)
}

// Describe implements prometheus.Collector; sending nothing makes it unchecked, since web counters come by name.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(buildInfo, 1, c.a.opts.Version)
	report := c.a.report()
	gauge(configOK, one(report.ConfigError == ""))
	collectTargets(out, report.Targets, time.Now())
	for _, s := range report.SavedFeeds {
		gauge(savedItems, float64(s.Items), s.Name)
		gauge(savedReady, one(s.State == "ready"), s.Name)
	}
	for _, s := range report.Sources {
		gauge(sourceItems, float64(s.Items), s.Name)
		gauge(sourceFailures, float64(s.Failures), s.Name)
		if !s.LastOK.IsZero() {
			gauge(sourceLast, float64(s.LastOK.Unix()), s.Name)
		}
		if !s.Due.IsZero() {
			gauge(sourceDue, float64(s.Due.Unix()), s.Name)
		}
		if t := s.Traffic; t != nil {
			counter := func(d *prometheus.Desc, v int64) {
				out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), s.Name)
			}
			counter(sourceRequests, t.Requests)
			counter(sourceUnmoved, t.NotModified)
			counter(sourceBytes, t.Bytes)
			gauge(sourceStatus, float64(t.Last.Status), s.Name)
			gauge(sourceChecked, one(t.Last.ETag != "" || t.Last.LastModified != ""), s.Name)
		}
		if s.Cadence > 0 {
			gauge(sourceCadence, time.Duration(s.Cadence).Seconds(), s.Name)
			gauge(sourceSilent, one(s.Silent), s.Name)
		}
		repaired := 0
		for _, r := range s.Rejected {
			if r.Repaired {
				repaired++
			}
		}
		gauge(sourceRejected, float64(len(s.Rejected)-repaired), s.Name, "false")
		gauge(sourceRejected, float64(repaired), s.Name, "true")
		gauge(sourceDropped, float64(s.Dropped), s.Name)
		gauge(sourceMerged, float64(s.Merged), s.Name)
		withheld := 0
		if s.Withheld != nil {
			withheld = s.Withheld.Gone
		}
		gauge(sourceWithheld, float64(withheld), s.Name)
		churned := 0
		if s.Churn != nil {
			churned = s.Churn.Items
		}
		gauge(sourceChurned, float64(churned), s.Name)
		if d := s.Adopted; d != nil && d.Error == "" {
			gauge(sourceAdopted, float64(d.Matched), s.Name, "true")
			gauge(sourceAdopted, float64(d.Items-d.Matched), s.Name, "false")
		}
	}
	c.web(out)
	c.hub(out)
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// web collects the counters of the public listener.
func (c *collector) web(out chan<- prometheus.Metric) {
	st := c.a.web.Stats()
	for _, m := range []struct {
		desc   *prometheus.Desc
		kind   prometheus.ValueType
		value  uint64
		labels []string
	}{
		{answers, prometheus.CounterValue, st.OK, []string{"ok"}},
		{answers, prometheus.CounterValue, st.NotModified, []string{"not_modified"}},
		{answers, prometheus.CounterValue, st.Redirects, []string{"redirect"}},
		{answers, prometheus.CounterValue, st.ClientErrors, []string{"client_error"}},
		{answers, prometheus.CounterValue, st.ServerErrors, []string{"server_error"}},
		{renders, prometheus.CounterValue, st.Renders, []string{"made"}},
		{renders, prometheus.CounterValue, st.Failures, []string{"failed"}},
		{staleAnswers, prometheus.CounterValue, st.Stale, nil},
		{filtersRefused, prometheus.CounterValue, st.Refused, nil},
		{spoolReads, prometheus.CounterValue, st.SpoolReads, nil},
		{cacheBytes, prometheus.GaugeValue, st.CacheBytes, []string{"memory"}},
		{cacheBytes, prometheus.GaugeValue, st.SpoolBytes, []string{"disk"}},
		{cacheEntries, prometheus.GaugeValue, st.CacheEntries, nil},
	} {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, float64(m.value), m.labels...)
	}
}

// hub collects what the hub does.
func (c *collector) hub(out chan<- prometheus.Metric) {
	st := c.a.hub.Stats()
	out <- prometheus.MustNewConstMetric(hubSubs, prometheus.GaugeValue, float64(st.Subscriptions))
	out <- prometheus.MustNewConstMetric(hubFailing, prometheus.GaugeValue, float64(st.Failing))
	out <- prometheus.MustNewConstMetric(hubPings, prometheus.CounterValue, float64(st.Pinged))
	for _, m := range []struct {
		desc  *prometheus.Desc
		value int64
		label string
	}{
		{hubDeliveries, st.Delivered, "delivered"},
		{hubDeliveries, st.Failed, "failed"},
		{hubDeliveries, st.Dropped, "dropped"},
		{hubRequests, st.Verified, "verified"},
		{hubRequests, st.Refused, "refused"},
		{hubRequests, st.Limited, "limited"},
	} {
		out <- prometheus.MustNewConstMetric(m.desc, prometheus.CounterValue, float64(m.value), m.label)
	}
}
