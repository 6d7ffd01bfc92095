package web

import (
	"fmt"
	"strings"

	qr "github.com/piglig/go-qr"
)

// maxQR bounds the address that a QR code is made of, in bytes: cameras fail at larger ones, and a page has to stay small.
const maxQR = 300

// qrCode is an address as a QR code: the size of the square with the quiet zone of four modules that ISO/IEC 18004 wants, and
// the path of its dark modules, one unit each. Size is 0 for an address that is too long.
type qrCode struct {
	Size int
	Path string
}

func newQR(address string) qrCode {
	if len(address) > maxQR {
		return qrCode{}
	}
	code, err := qr.EncodeText(address, qr.Low) // a screen does not get dirty
	if err != nil {
		return qrCode{} // nothing this short is too long
	}
	const quiet = 4
	var b strings.Builder
	for y := range code.Size() {
		for x := 0; x < code.Size(); x++ {
			run := 0
			for x+run < code.Size() && code.Module(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%[3]dz", x+quiet, y+quiet, run)
				x += run
			}
		}
	}
	return qrCode{code.Size() + 2*quiet, b.String()}
}
