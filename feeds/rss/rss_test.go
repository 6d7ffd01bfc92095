package rss

import (
	"testing"

	"feedmill/feeds/formattest"
)

func TestFormat(t *testing.T)      { formattest.Run(t, Format) }
func FuzzEncode(f *testing.F)      { formattest.Fuzz(f, Format) }
func BenchmarkEncode(b *testing.B) { formattest.Benchmark(b, Format) }
