//go:build unix

package testenv

import (
	"errors"
	"os"
)

// Session keeps the shared PostgreSQL for as long as several test processes
// run one after the other.
type Session struct{ keeper *keeperConn }

// OpenSession finds or starts the shared PostgreSQL, unless another is named.
func OpenSession() (*Session, error) {
	if os.Getenv(DatabaseURLEnv) != "" {
		return &Session{}, nil
	}
	k, err := holdKeeper()
	if err != nil {
		return nil, err
	}
	return &Session{keeper: k}, nil
}

// Close ends the server if nobody else uses it, and removes containers that
// have no owner any more.
func (s *Session) Close() error {
	var err error
	if s.keeper != nil {
		err = s.keeper.end()
	}
	if e, engineErr := engineOnce(); engineErr == nil {
		err = errors.Join(err, e.sweepOwnerless())
	}
	return err
}
