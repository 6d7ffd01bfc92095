package cachetest

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"feedmill/cache"
	"feedmill/feeds"
)

var persistCases = []testCase{
	{
		name:    "persist/reopen",
		promise: "what was acknowledged is there after a restart: items, topics, versions, log, sources, notes",
		run: func(r *run) {
			if r.h.Reopen == nil {
				r.Skip("this store cannot be opened again")
			}
			r.ok("Describe", r.s.Describe(r.ctx, r.lease("s"), "s", feeds.About{Title: "S", Titles: map[feeds.Topic]string{category("c1"): "One"}}))
			for i := range 20 {
				r.put("s", post(fmt.Sprint("k", i), in(fmt.Sprint("C", i%3)), at(day0.Add(time.Duration(i)*time.Second))))
			}
			r.live("s")
			r.put("s", post("new", in("C1")), withdraw("k3"), post("k4", in("C9"), raw(2)))
			r.put("t", post("secret", group("g")))
			r.ok("Write", r.s.Write(r.ctx, cache.Lease{}, note("b", "k", "v"), cache.Edit{Bucket: "b", Key: "t", Value: []byte("v"), TTL: time.Hour}))
			token := r.lease("s").Token
			type state struct {
				Pages         map[string]feeds.Page
				Public, Group []feeds.TopicInfo
				Log           []cache.Entry
				Sources       []cache.SourceInfo
				Notes         map[string]string
			}
			snapshot := func() state {
				var s state
				var err error
				s.Pages = map[string]feeds.Page{}
				for _, t := range []feeds.Topic{feeds.All, category("c1"), category("c9"), {Group: "g", Kind: "all"}} {
					for _, o := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
						s.Pages[fmt.Sprint(t, o)] = r.page(t, o)
					}
				}
				s.Public, err = r.s.Topics(r.ctx, "")
				r.ok("Topics", err)
				s.Group, err = r.s.Topics(r.ctx, "g")
				r.ok("Topics", err)
				s.Log = r.log("")
				s.Sources, err = r.s.List(r.ctx)
				r.ok("List", err)
				s.Notes = r.notes("b")
				return s
			}
			before := snapshot()
			r.s = r.h.Reopen(r.T, r.s)
			byTopic := cmpopts.SortSlices(func(a, b feeds.TopicInfo) bool { return a.Topic.String() < b.Topic.String() })
			if d := cmp.Diff(before, snapshot(), byTopic); d != "" {
				r.Errorf("after the restart (-before +after):\n%s", d)
			}
			l, err := r.s.Acquire(r.ctx, "source/s", time.Hour)
			if err == nil {
				if l.Token <= token {
					r.Errorf("token %d after %d: tokens grow across a restart", l.Token, token)
				}
				r.leases["s"] = l
			}
			r.put1("s", post("k4", in("C9"), raw(2)), feeds.Unchanged)
			a := r.put1("s", post("after", in("C1")), feeds.New)
			if log := r.log(before.Log[len(before.Log)-1].Cursor); len(log) != 1 || log[0].ID != a.ID {
				r.Errorf("log behind the old tail: %+v", log)
			}
		},
	},
}
