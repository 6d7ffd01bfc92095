package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/spf13/cobra"

	"feedmill/sources/fetch"
)

func discoverCommand() *cobra.Command {
	var allow []string
	cmd := &cobra.Command{
		Use:   "discover URL",
		Short: "find the feeds of a page",
		Long: `discover looks at a page for the feeds that it names and, if it names none, at the usual addresses of its site. It
prints a line for each: the address, the media type and the title. A source may also be given the page itself: it then
reads the first of these feeds.`,
		Example: "  feedmill discover https://example.com",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want one address; see feedmill discover --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return discover(cmd, args[0], allow) },
	}
	cmd.Flags().StringSliceVar(&allow, "allow", nil, "private `NETWORK` that may be asked, such as 10.0.0.0/8")
	return cmd
}

// usual are the addresses where sites keep feeds that their pages do not name, by the generators that they come from:
// Jekyll, WordPress, Hugo, Ghost, Blogger, Hexo, and JSON Feed. Few, because each is a request to a stranger.
var usual = []string{"/feed.xml", "/feed/", "/index.xml", "/rss/", "/atom.xml", "/rss.xml", "/feed.json"}

func discover(cmd *cobra.Command, address string, allow []string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return &usageError{fmt.Errorf("discover %s: not an address; write it as in a browser, https://HOST/PATH", fetch.Redact(address))}
	}
	nets, err := networks(allow)
	if err != nil {
		return err
	}
	client := fetch.NewClient(fetch.Options{UserAgent: fetch.UserAgent(buildVersion(), "", 0), Allow: nets})
	ctx := cmd.Context()
	resp, err := fetch.Get(ctx, client, fetch.Request{URL: address, Accept: "text/html, " + fetch.AcceptFeeds})
	if err != nil {
		return err
	}
	print := func(address, kind, title string) {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\n", address, kind, title)
	}
	if title, format, err := feedTitle(ctx, resp.Body, resp.ContentType, resp.FinalURL); err == nil {
		print(resp.FinalURL, format, title)
		return nil
	}
	links, err := discoverFeeds(resp.Body, resp.ContentType, resp.FinalURL)
	if err != nil {
		return fmt.Errorf("discover %s: %w", fetch.Redact(address), err)
	}
	for _, l := range links {
		print(l.URL, l.Type, l.Title)
	}
	if len(links) > 0 {
		return nil
	}
	base, err := url.Parse(resp.FinalURL)
	if err != nil {
		return fmt.Errorf("discover %s: %w", fetch.Redact(address), err)
	}
	for _, path := range usual {
		to := base.ResolveReference(&url.URL{Path: path})
		resp, err := fetch.Get(ctx, client, fetch.Request{URL: to.String()})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue // there is nothing there, which is what most of them say
		}
		if title, format, err := feedTitle(ctx, resp.Body, resp.ContentType, resp.FinalURL); err == nil {
			print(resp.FinalURL, format, title)
			return nil
		}
	}
	return fmt.Errorf("discover %s: the page names no feed, and the usual addresses have none; `webpage:` makes one of the page itself", fetch.Redact(address))
}

// networks are the values of --allow.
func networks(allow []string) ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, a := range allow {
		n, err := netip.ParsePrefix(a)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--allow %s: want a network such as 10.0.0.0/8", a)}
		}
		nets = append(nets, n)
	}
	return nets, nil
}
