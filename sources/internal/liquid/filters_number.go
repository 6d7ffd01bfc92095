package liquid

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

var numberFilters = map[string]filterFunc{
	"plus":       arithmetic(func(a, b int64) (int64, bool) { return a + b, (a+b > a) == (b > 0) }, (*big.Rat).Add),
	"minus":      arithmetic(func(a, b int64) (int64, bool) { return a - b, (a-b < a) == (b > 0) }, (*big.Rat).Sub),
	"times":      arithmetic(times, (*big.Rat).Mul),
	"divided_by": {divide, 1},
	"modulo":     {modulo, 1},
	"abs": {func(r *run, in any, _ []any) any {
		switch n := number(in).(type) {
		case int64:
			return max(n, -n)
		case float64:
			return math.Abs(n)
		}
		return nil
	}, 0},
	"ceil":     rounding(math.Ceil),
	"floor":    rounding(math.Floor),
	"round":    {round, 0},
	"at_least": {func(r *run, in any, a []any) any { return limit(in, a[0], -1) }, 1},
	"at_most":  {func(r *run, in any, a []any) any { return limit(in, a[0], 1) }, 1},
}

var decimal = regexp.MustCompile(`^-?\d+\.\d+$`)

// number is the number that a value stands for: int64 or float64. What is none is 0.
func number(v any) any {
	switch v := v.(type) {
	case int64, float64:
		return v
	case string:
		if s := strings.Trim(v, rubySpace); decimal.MatchString(s) {
			f, _ := strconv.ParseFloat(s, 64)
			return f
		}
		return leadingInt(v)
	}
	return int64(0)
}

// leadingInt is String#to_i: the integer a text begins with.
func leadingInt(s string) int64 {
	s = strings.TrimLeft(s, rubySpace)
	end := 0
	if end < len(s) && (s[0] == '-' || s[0] == '+') {
		end++
	}
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '_' && end > 0 && isWord(s[end-1])) {
		end++
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(s[:end], "_", ""), 10, 64)
	if err != nil && n == 0 {
		return 0
	}
	return n // the nearest one where there are too many digits
}

// strictInt is Ruby's Integer(): the whole text is one.
func strictInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case string:
		n, err := strconv.ParseInt(strings.ReplaceAll(strings.Trim(v, rubySpace), "_", ""), 0, 64)
		return n, err == nil
	}
	return 0, false
}

// exact is a float as it is written, as Ruby's BigDecimal has it: 0.1 is a tenth.
func exact(f float64) *big.Rat {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil
	}
	q, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	if !ok {
		return nil
	}
	return q
}

func toRat(n any) *big.Rat {
	switch n := n.(type) {
	case int64:
		return new(big.Rat).SetInt64(n)
	case float64:
		return exact(n)
	}
	return nil
}

func fromRat(q *big.Rat) any {
	f, _ := q.Float64()
	return f
}

func arithmetic(ints func(a, b int64) (int64, bool), rats func(z, a, b *big.Rat) *big.Rat) filterFunc {
	return filterFunc{func(r *run, in any, args []any) any {
		a, b := number(in), number(args[0])
		if x, ok := a.(int64); ok {
			if y, ok := b.(int64); ok {
				if n, ok := ints(x, y); ok || y == 0 {
					return n
				}
			}
		}
		x, y := toRat(a), toRat(b)
		if x == nil || y == nil {
			return r.fail("not a finite number")
		}
		return fromRat(rats(new(big.Rat), x, y))
	}, 1}
}

func times(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	n := a * b
	return n, n/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

// divide: two integers divide to the next lower integer.
func divide(r *run, in any, args []any) any {
	a, b := number(in), number(args[0])
	x, y := toRat(a), toRat(b)
	if x == nil || y == nil {
		return r.fail("not a finite number")
	}
	if y.Sign() == 0 {
		return r.fail("divided by 0")
	}
	q := new(big.Rat).Quo(x, y)
	if _, ok := a.(int64); ok {
		if _, ok := b.(int64); ok {
			return floorInt(q)
		}
	}
	return fromRat(q)
}

func floorInt(q *big.Rat) any {
	n := new(big.Int).Div(q.Num(), q.Denom()) // Euclidean, which is floor for a positive denominator
	if n.IsInt64() {
		return n.Int64()
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	return f
}

// modulo has the sign of the divisor.
func modulo(r *run, in any, args []any) any {
	a, b := number(in), number(args[0])
	x, y := toRat(a), toRat(b)
	if x == nil || y == nil {
		return r.fail("not a finite number")
	}
	if y.Sign() == 0 {
		return r.fail("divided by 0")
	}
	q := new(big.Rat).Quo(x, y)
	whole := new(big.Rat).SetInt(new(big.Int).Div(q.Num(), q.Denom()))
	rest := new(big.Rat).Sub(x, whole.Mul(whole, y))
	if _, ok := a.(int64); ok {
		if _, ok := b.(int64); ok {
			return rest.Num().Int64()
		}
	}
	return fromRat(rest)
}

func rounding(f func(float64) float64) filterFunc {
	return filterFunc{func(r *run, in any, _ []any) any {
		switch n := number(in).(type) {
		case int64:
			return n
		case float64:
			return r.whole(f(n))
		}
		return nil
	}, 0}
}

// whole is a float without fraction as an integer.
func (r *run) whole(f float64) any {
	switch {
	case math.IsInf(f, 0) || math.IsNaN(f):
		return r.fail("not a finite number")
	case math.Abs(f) >= math.MaxInt64:
		return f
	}
	return int64(f)
}

// round rounds half away from zero, as BigDecimal.
func round(r *run, in any, args []any) any {
	places := leading(arg(args, 0))
	places = min(max(places, -30), 30)
	n := number(in)
	whole, isInt := n.(int64)
	if isInt && places >= 0 {
		return whole
	}
	q := toRat(n)
	if q == nil {
		return r.fail("not a finite number")
	}
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(max(places, -places)), nil))
	if places < 0 {
		scale.Inv(scale)
	}
	q.Mul(q, scale)
	half := big.NewRat(1, 2)
	sign := q.Sign()
	q.Add(q.Abs(q), half)
	rounded := new(big.Rat).SetInt(new(big.Int).Div(q.Num(), q.Denom()))
	rounded.Quo(rounded, scale)
	if sign < 0 {
		rounded.Neg(rounded)
	}
	f, _ := rounded.Float64()
	if isInt || places == 0 {
		return r.whole(f)
	}
	return f
}

// leading is an integer argument, read leniently.
func leading(v any) int64 {
	switch n := number(v).(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

func limit(in, bound any, sign int) any {
	a, b := number(in), number(bound)
	x, y := toRat(a), toRat(b)
	if x != nil && y != nil && x.Cmp(y)*sign > 0 {
		return b
	}
	return a
}
