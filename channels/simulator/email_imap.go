package simulator

import (
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// emailSession is one connection to the mailbox: the library's, with what goes wrong before each call.
type emailSession struct {
	*imapmemserver.UserSession
	e    *Email
	conn *imapserver.Conn
}

func (e *Email) newSession(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	e.mu.Lock()
	e.conns[c] = true
	e.mu.Unlock()
	s := &emailSession{UserSession: imapmemserver.NewUserSession(e.user), e: e, conn: c}
	if err := s.trouble("connect"); err != nil {
		return nil, nil, err
	}
	return s, nil, nil
}

// trouble is what goes wrong with the call, if anything does.
func (s *emailSession) trouble(call string) error {
	f, ok := s.e.fault("imap " + call)
	if !ok {
		return nil
	}
	s.e.slowly(f)
	if f.Drop {
		s.conn.NetConn().Close()
	}
	if f.Code == 0 && !f.Drop {
		return nil
	}
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCode(f.Status), Text: f.Says}
}

func (s *emailSession) Close() error {
	s.e.mu.Lock()
	delete(s.e.conns, s.conn)
	s.e.mu.Unlock()
	return s.UserSession.Close()
}

func (s *emailSession) Login(user, password string) error {
	s.e.mu.Lock()
	s.e.signIns++
	s.e.mu.Unlock()
	if err := s.trouble("login"); err != nil {
		return err
	}
	return s.e.user.Login(user, password)
}

func (s *emailSession) Select(name string, o *imap.SelectOptions) (*imap.SelectData, error) {
	if err := s.trouble("select"); err != nil {
		return nil, err
	}
	return s.UserSession.Select(name, o)
}

func (s *emailSession) Search(kind imapserver.NumKind, c *imap.SearchCriteria, o *imap.SearchOptions) (*imap.SearchData, error) {
	if err := s.trouble("search"); err != nil {
		return nil, err
	}
	return s.UserSession.Search(kind, c, o)
}

func (s *emailSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	call := "size"
	if len(o.BodySection) > 0 {
		call = "fetch"
	}
	if err := s.trouble(call); err != nil {
		return err
	}
	return s.UserSession.Fetch(w, set, o)
}

func (s *emailSession) Store(w *imapserver.FetchWriter, set imap.NumSet, f *imap.StoreFlags, o *imap.StoreOptions) error {
	if err := s.trouble("store"); err != nil {
		return err
	}
	return s.UserSession.Store(w, set, f, o)
}

func (s *emailSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	if err := s.trouble("idle"); err != nil {
		return err
	}
	// Not the library's own: what came before it listens waits there for the next letter.
	for {
		s.e.mu.Lock()
		changed := s.e.changed
		s.e.mu.Unlock()
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stop:
			return nil
		case <-s.e.ctx.Done():
			return nil
		}
	}
}
