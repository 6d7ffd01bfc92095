package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// reader is a Miniflux with its PostgreSQL, which P6 is measured beside: the feed reader that many people run.
type reader struct {
	b *bench
	// binary is the program, database the URL of an empty database in which it may do anything.
	binary, database string
}

// refreshes is how often each figure of Miniflux is taken; the median counts.
const refreshes = 3

// prepare makes the tables and subscribes to the feeds at these addresses.
func (r *reader) prepare(urls []string) error {
	if _, err := exec.LookPath("psql"); err != nil {
		return errors.New("psql is not installed (package postgresql-client)")
	}
	if err := r.run("-migrate"); err != nil {
		return err
	}
	var sql bytes.Buffer
	sql.WriteString("truncate users cascade; insert into users (username, password) values ('bench', '-');\n" +
		"insert into categories (user_id, title) select id, 'All' from users;\n")
	for i, u := range urls {
		fmt.Fprintf(&sql, "insert into feeds (user_id, category_id, title, feed_url, site_url, next_check_at) "+
			"select u.id, c.id, 'up-%d', '%s', '%[2]s', now() - interval '1 day' from users u join categories c on c.user_id = u.id limit 1;\n", i, u)
	}
	if err := r.sql(sql.String()); err != nil {
		return err
	}
	return r.run("-refresh-feeds")
}

// rate is how many feeds a second it refreshes.
func (r *reader) rate(feeds int) (float64, error) {
	var list []float64
	for range refreshes {
		if err := r.sql("update feeds set next_check_at = now() - interval '1 day';"); err != nil {
			return 0, err
		}
		started := time.Now()
		if err := r.run("-refresh-feeds"); err != nil {
			return 0, err
		}
		list = append(list, float64(feeds)/time.Since(started).Seconds())
	}
	return median(list), nil
}

func (r *reader) run(flag string) error {
	cmd := exec.CommandContext(r.b.ctx, r.binary, flag)
	cmd.Env = append(os.Environ(), "DATABASE_URL="+r.database, "FETCHER_ALLOW_PRIVATE_NETWORKS=1", "LOG_LEVEL=error",
		"BATCH_SIZE="+strconv.Itoa(upstreamFeeds))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("miniflux %s: %w: %.500s", flag, err, out)
	}
	return nil
}

func (r *reader) sql(text string) error {
	cmd := exec.CommandContext(r.b.ctx, "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", r.database)
	cmd.Stdin = bytes.NewBufferString(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("psql: %w: %.500s", err, out)
	}
	return nil
}
