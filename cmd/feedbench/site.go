package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The shape of the reference site: a Chinese news site with a few dozen categories (pinyin slugs), a couple of thousand
// Chinese tags of very different frequency, and bodies of about 3 kB of HTML.
const (
	categories = 40
	tags       = 2000
	bodyBytes  = 3000
)

// common are frequent Chinese characters; texts are drawn from them, so that they compress about like real ones.
var common = []rune("的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运")

var slugs = []string{
	"caijing", "zhengquan", "yaowen", "keji", "gongsi", "shichang", "guoji", "dichan", "yinhang", "baoxian",
	"jijin", "qihuo", "waihui", "huangjin", "nengyuan", "qiche", "yiyao", "xiaofei", "wenhua", "tiyu",
}

// site draws posts; the same seed gives the same posts.
type site struct {
	rng        *rand.Rand
	tagNames   []string
	categories []string
	zipf       *rand.Zipf
	words      []string
	word       *rand.Zipf // which of words comes next
}

func newSite() *site {
	rng := rand.New(rand.NewPCG(2022, 120))
	s := &site{rng: rng, zipf: rand.NewZipf(rng, 1.1, 8, tags-1)}
	for i := range categories {
		s.categories = append(s.categories, fmt.Sprintf("%s%02d", slugs[i%len(slugs)], i))
	}
	seen := map[string]bool{}
	for len(s.tagNames) < tags {
		if t := s.text(2 + rng.IntN(4)); !seen[t] {
			seen[t] = true
			s.tagNames = append(s.tagNames, t)
		}
	}
	// Words come as often as in real news: a few again and again, names and terms of the trade within one post. A body
	// then compresses to a little under half, as real ones do.
	for range 3000 {
		s.words = append(s.words, s.text(2+rng.IntN(3)))
	}
	s.word = rand.NewZipf(rng, 1.2, 3, uint64(len(s.words)-1))
	return s
}

func (s *site) text(n int) string {
	var b strings.Builder
	for range n {
		b.WriteRune(common[s.rng.IntN(len(common))])
	}
	return b.String()
}

func (s *site) sentence(b *strings.Builder) {
	for n := 4 + s.rng.IntN(10); n > 0; n-- {
		b.WriteString(s.words[s.word.Uint64()])
		if s.rng.IntN(4) == 0 {
			b.WriteString("，")
		}
	}
	b.WriteString("。")
}

// post is one post file. Posts come five minutes apart from 2020 on, in batches as a crawler commits them.
type post struct{ name, text string }

func (s *site) post(i int) post {
	date := time.Date(2020, 1, 1, 8, 0, 0, 0, time.FixedZone("", 8*3600)).Add(time.Duration(i) * 7 * time.Minute)
	var b strings.Builder
	fmt.Fprintf(&b, "---\nlayout: post\ntitle: \"%s\"\ndate: %s\ncategories: %s\ntags: %s\n---\n",
		s.text(12+s.rng.IntN(16)), date.Format("2006-01-02 15:04:05 -0700"),
		s.categories[s.rng.IntN(categories)], s.tagNames[s.zipf.Uint64()])
	for start := b.Len(); b.Len()-start < bodyBytes; {
		b.WriteString("<p>")
		for range 1 + s.rng.IntN(4) {
			s.sentence(&b)
		}
		if s.rng.IntN(8) == 0 {
			fmt.Fprintf(&b, `<span id="stock_%d"><a href="https://quote.example.com/s.html?code=%06d&type=k" class="keytip" data-code="%d">%s</a></span>`,
				i, s.rng.IntN(999999), i, s.words[s.rng.IntN(len(s.words))])
		}
		b.WriteString("</p>\n")
	}
	if s.rng.IntN(5) == 0 {
		fmt.Fprintf(&b, "<p><img src=\"/images/%d.jpg\" alt=\"\"></p>\n", i)
	}
	fmt.Fprintf(&b, "\n<http://news.example.com/html/%d.html>\n", i)
	return post{name: fmt.Sprintf("%s-%s%09d.md", date.Format("2006-01-02"), date.Format("20060102"), i), text: b.String()}
}

const siteConfig = `title: 金融消息
url: https://news.example.com
timezone: Asia/Shanghai
lang: zh-CN
author: 编辑部
`

// writeSite writes posts 0..n-1 below dir and returns the generator, which goes on with post n.
func writeSite(dir string, n int) (*site, error) {
	posts := filepath.Join(dir, "_posts")
	if err := os.MkdirAll(posts, 0o755); err != nil {
		return nil, fmt.Errorf("write the site: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "_config.yml"), []byte(siteConfig), 0o644); err != nil {
		return nil, fmt.Errorf("write the site: %w", err)
	}
	s := newSite()
	for i := range n {
		p := s.post(i)
		if err := writeFile(filepath.Join(posts, p.name), p.text); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func writeFile(path, text string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write a post: %w", err)
	}
	w := bufio.NewWriter(f)
	w.WriteString(text)
	if err := w.Flush(); err != nil {
		f.Close()
		return fmt.Errorf("write a post: %w", err)
	}
	return f.Close()
}
