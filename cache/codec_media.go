package cache

import (
	"encoding/binary"
	"time"

	"feedmill/feeds"
)

// mediaVersion is the oldest version that holds an item. Version 3 added more about its files, and what it is as an episode;
// version 4 the descriptions of files.
func mediaVersion(it *feeds.Item) byte {
	version := byte(codecPlain)
	if it.Episode != nil {
		version = codecMedia
	}
	for _, e := range it.Enclosures {
		if e.Description != "" {
			return codecVersion
		}
		if e.Medium != "" || e.Width != 0 || e.Height != 0 || e.Language != "" || e.Thumbnail != "" {
			version = codecMedia
		}
	}
	return version
}

func appendMedia(b []byte, it *feeds.Item) []byte {
	for _, e := range it.Enclosures {
		b = appendMore(b, e)
	}
	p := it.Episode
	if p == nil {
		return append(b, 0)
	}
	b = binary.AppendVarint(append(b, 1), int64(p.Season))
	for _, s := range []string{p.SeasonName, p.Number, p.Name, p.Type, p.Explicit} {
		b = appendString(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(p.Transcripts)))
	for _, t := range p.Transcripts {
		b = appendFile(b, t)
	}
	b = appendFile(b, p.Chapters)
	b = binary.AppendUvarint(b, uint64(len(p.Cast)))
	for _, r := range p.Cast {
		for _, s := range []string{r.Name, r.Email, r.URL, r.Role, r.Group, r.Image} {
			b = appendString(b, s)
		}
	}
	return b
}

func appendFile(b []byte, e feeds.Enclosure) []byte {
	b = appendString(appendString(appendString(b, e.URL), e.Type), e.Title)
	return appendMore(binary.AppendVarint(binary.AppendVarint(b, e.Length), int64(e.Duration)), e)
}

func appendMore(b []byte, e feeds.Enclosure) []byte {
	b = binary.AppendVarint(binary.AppendVarint(appendString(b, e.Medium), int64(e.Width)), int64(e.Height))
	return appendString(appendString(b, e.Language), e.Thumbnail)
}

func (d *decoder) media(it *feeds.Item) {
	for i := range it.Enclosures {
		d.more(&it.Enclosures[i])
	}
	if d.count() == 0 {
		return
	}
	p := &feeds.Episode{Season: int(d.varint())}
	for _, s := range []*string{&p.SeasonName, &p.Number, &p.Name, &p.Type, &p.Explicit} {
		*s = d.str()
	}
	for n := d.count(); n > 0 && !d.bad; n-- {
		p.Transcripts = append(p.Transcripts, d.file())
	}
	p.Chapters = d.file()
	for n := d.count(); n > 0 && !d.bad; n-- {
		r := feeds.Role{Person: feeds.Person{Name: d.str(), Email: d.str(), URL: d.str()}}
		r.Role, r.Group, r.Image = d.str(), d.str(), d.str()
		p.Cast = append(p.Cast, r)
	}
	it.Episode = p
}

func (d *decoder) file() feeds.Enclosure {
	e := feeds.Enclosure{URL: d.str(), Type: d.str(), Title: d.str()}
	e.Length, e.Duration = d.varint(), time.Duration(d.varint())
	d.more(&e)
	return e
}

func (d *decoder) more(e *feeds.Enclosure) {
	e.Medium = d.str()
	e.Width, e.Height = int(d.varint()), int(d.varint())
	e.Language, e.Thumbnail = d.str(), d.str()
}
