package plan

import "time"

// SubjectWindow is how far apart messages of one subject may be to be of one thread by subject alone.
const SubjectWindow = 30 * 24 * time.Hour

// SubjectMates says whether two messages of the same subject and parties join without references: near in time, and one
// of them is a reply without references. It is symmetric, so their order does not matter.
func SubjectMates(a, b time.Time, aReply, bReply bool) bool {
	d := a.Sub(b)
	return (aReply || bReply) && d <= SubjectWindow && d >= -SubjectWindow
}
