// Package mongo keeps the hotline's journal and records in a MongoDB database that several processes share.
//
// It promises what ticketing.Store promises and leans on one thing only: a unique index lets the first of two inserts
// in and refuses the second with code 11000. No transaction, no conditional update, no lock, no leader. DESIGN.md says
// how, and on which servers it was shown. It knows nothing of what a ticket means beyond Ticket.Apply.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"hotline1022/ticketing"
)

// Options are what a store can be told. The zero value is meant for use.
type Options struct {
	Log     *slog.Logger     // nil: slog.Default()
	Now     func() time.Time // nil: time.Now; dates what is written for the sweep, never an event
	Queue   int              // events that may wait to be written before Append answers ErrBusy; 0: 1024
	Timeout time.Duration    // for one exchange with the server, after which its outcome is unknown; 0: 10 s
	Sweep   time.Duration    // how often projections are looked over; 0: an hour
}

func (o Options) complete() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Queue <= 0 {
		o.Queue = 1024
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Sweep <= 0 {
		o.Sweep = time.Hour
	}
	return o
}

// Store is one process's door to the database. Others may have it open at the same time.
type Store struct {
	opt    Options
	client *driver.Client

	journal, chain, tickets, records, meta *driver.Collection

	epoch    string
	readBack bool // the server's updates are not atomic: see project.go
	batch    int  // documents in one ordered insert

	bell    ticketing.Bell
	known   atomic.Int64 // the highest seq this process knows to be stored
	writer  writer
	trail   follower
	closing chan struct{}
	stop    context.CancelFunc
	running sync.WaitGroup

	mu  sync.Mutex
	ill map[string]error // by the part that met it
}

var _ ticketing.Store = (*Store)(nil)

// Open connects to the database named in the path of uri (mongodb://host/DATABASE), creates what is missing there and
// starts writing and projecting. It refuses a database whose indexes do not hold what the journal stands on.
func Open(ctx context.Context, uri string, opt Options) (*Store, error) {
	s, err := connect(ctx, uri, opt)
	if err != nil {
		return nil, err
	}
	if err := s.begin(ctx); err != nil {
		_ = s.client.Disconnect(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("open the MongoDB store: %w", away(err))
	}
	return s, nil
}

func (s *Store) begin(ctx context.Context) error {
	if err := s.refuseHalfRestored(ctx); err != nil {
		return err
	}
	if err := s.ensureIndexes(ctx); err != nil {
		return err
	}
	epoch, err := s.findEpoch(ctx)
	if err != nil {
		return err
	}
	s.epoch = epoch
	end, err := s.end(ctx)
	if err != nil {
		return err
	}
	s.known.Store(end)

	run, stop := context.WithCancel(context.Background())
	s.stop = stop
	for _, part := range []func(context.Context){s.write, s.follow, s.watch} {
		s.running.Go(func() { part(run) })
	}
	return nil
}

// connect makes a Store that talks to the server and runs nothing yet.
func connect(ctx context.Context, uri string, opt Options) (*Store, error) {
	name, err := databaseName(uri)
	if err != nil {
		return nil, err
	}
	opt = opt.complete()
	journaled := true
	client, err := driver.Connect(options.Client().ApplyURI(uri).
		SetAppName("hotline").
		SetServerSelectionTimeout(min(opt.Timeout, 3*time.Second)).
		SetReadPreference(readpref.Primary()).
		// Majority for both: reading from the primary alone can, after a step-down, show events that are then taken
		// back, and a follower would keep a hole for ever (journal.md, point 3).
		SetReadConcern(readconcern.Majority()).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journaled}))
	if err != nil {
		return nil, fmt.Errorf("connect to MongoDB: %w", err)
	}
	db := client.Database(name)
	s := &Store{
		opt: opt, client: client,
		journal: db.Collection("journal"), chain: db.Collection("chain"), tickets: db.Collection("tickets"),
		records: db.Collection("records"), meta: db.Collection("meta"),
		closing: make(chan struct{}), ill: map[string]error{},
	}
	s.writer.queue = make(chan *pending, opt.Queue)

	ctx, done := s.exchange(ctx)
	defer done()
	var build struct {
		Ferret string `bson:"ferretdbVersion"`
	}
	if err := db.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&build); err != nil {
		_ = client.Disconnect(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("reach MongoDB: %w", away(err))
	}
	if s.batch = 256; build.Ferret != "" {
		s.readBack = true
		s.batch = 100 // of more, FerretDB 1 goes on after a refusal and would leave a hole in the journal
	}
	return s, nil
}

// databaseName is the path of a mongodb:// address, whose host part may list several servers and is no URL.
func databaseName(uri string) (string, error) {
	_, rest, ok := strings.Cut(uri, "://")
	_, path, slash := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(path, "?")
	if !ok || !slash || name == "" || strings.ContainsAny(name, `/\. "$`) {
		return "", errors.New("the address of the store must name a database: mongodb://HOST/DATABASE")
	}
	return name, nil
}

// Close lets the exchange under way end and stops. Events still waiting to be written are refused as not stored.
func (s *Store) Close() error {
	s.mu.Lock()
	select {
	case <-s.closing:
		s.mu.Unlock()
		return nil
	default:
		close(s.closing)
	}
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
	ctx, done := context.WithTimeout(context.Background(), s.opt.Timeout)
	defer done()
	return s.client.Disconnect(ctx)
}

// Epoch names this journal.
func (s *Store) Epoch() string { return s.epoch }

// Bell is closed after the next commit this process learns of.
func (s *Store) Bell() <-chan struct{} { return s.bell.Wait() }

// learn is the one place that rings: seq is stored, whoever wrote it.
func (s *Store) learn(seq int64) {
	for {
		known := s.known.Load()
		if seq <= known {
			return
		}
		if s.known.CompareAndSwap(known, seq) {
			s.bell.Ring()
			return
		}
	}
}

// Ill says what is wrong, if anything is.
func (s *Store) Ill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for part, err := range s.ill {
		return fmt.Errorf("%s: %w", part, err)
	}
	return nil
}

// feels notes how a part of the store is doing; a change goes to the log once.
func (s *Store) feels(part string, err error) {
	s.mu.Lock()
	was := s.ill[part]
	if err == nil {
		delete(s.ill, part)
	} else {
		s.ill[part] = err
	}
	s.mu.Unlock()
	switch {
	case was == nil && err != nil:
		s.opt.Log.Error("the store is ill", "part", part, "err", err)
	case was != nil && err == nil:
		s.opt.Log.Info("the store is well again", "part", part)
	}
}

// exchange bounds one exchange with the server.
func (s *Store) exchange(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.opt.Timeout)
}
