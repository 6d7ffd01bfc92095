package hub

const (
	// maxRunning is how many deliveries go on at once, maxRunningHost how many of them to one host.
	maxRunning     = 256
	maxRunningHost = 32
	// maxUnproven is how many of them may go to callbacks that did not take the last delivery in time: so slow ones, however
	// many and at however many hosts, leave the others half of the room.
	maxUnproven = maxRunning / 2
)

// queue is the deliveries that wait or go on. Hosts take turns, so that one with many callbacks delays no other, and so that
// connections are used again; each step costs the same however many hosts there are.
type queue struct {
	hosts map[string]*station
	// ready are the hosts with a delivery that may begin, in the order of their turns: to callbacks that took the last one in
	// time, and to the others. last is whose turn it was.
	ready [2][]*station
	last  int
	// total are all that go on, unproven those of them to callbacks that did not take the last one in time.
	total, unproven int
}

// job is one delivery.
type job struct {
	sub *sub
	doc *parcel
	// quick says that the callback took the last one in time.
	quick bool
}

// station is what there is to deliver at one host.
type station struct {
	running int
	waiting [2][]*job
	ready   [2]bool
}

func newQueue() *queue { return &queue{hosts: map[string]*station{}} }

// kind is the index of a delivery in the pairs of a queue.
func (j *job) kind() int {
	if j.quick {
		return 0
	}
	return 1
}

// add puts a delivery behind those at its host.
func (q *queue) add(j *job) {
	s := q.hosts[j.sub.at]
	if s == nil {
		s = &station{}
		q.hosts[j.sub.at] = s
	}
	s.waiting[j.kind()] = append(s.waiting[j.kind()], j)
	q.call(s)
}

// call puts a host among those that are ready, if it is.
func (q *queue) call(s *station) {
	for kind := range s.waiting {
		if !s.ready[kind] && len(s.waiting[kind]) > 0 && s.running < maxRunningHost {
			s.ready[kind] = true
			q.ready[kind] = append(q.ready[kind], s)
		}
	}
}

// next is the delivery that begins, nil when none may; then [queue.ended] must follow. Both kinds take turns, too.
func (q *queue) next() *job {
	for range len(q.ready) {
		q.last = 1 - q.last
		if j := q.take(q.last); j != nil {
			return j
		}
	}
	return nil
}

func (q *queue) take(kind int) *job {
	for len(q.ready[kind]) > 0 && q.total < maxRunning && (kind == 0 || q.unproven < maxUnproven) {
		s := q.ready[kind][0]
		q.ready[kind][0] = nil
		q.ready[kind], s.ready[kind] = q.ready[kind][1:], false
		if s.running == maxRunningHost {
			continue // it is called when one there has ended
		}
		j := s.waiting[kind][0]
		s.waiting[kind][0] = nil
		if s.waiting[kind] = s.waiting[kind][1:]; len(s.waiting[kind]) == 0 {
			s.waiting[kind] = nil // what it grew to is given back
		}
		s.running++
		q.total++
		q.unproven += kind
		q.call(s)
		return j
	}
	return nil
}

// ended makes room for another delivery.
func (q *queue) ended(j *job) {
	s := q.hosts[j.sub.at]
	s.running--
	q.total--
	q.unproven -= j.kind()
	q.call(s)
	if s.running == 0 && len(s.waiting[0])+len(s.waiting[1]) == 0 {
		delete(q.hosts, j.sub.at)
	}
}
