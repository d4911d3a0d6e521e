package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/robfig/cron/v3"
	"golang.org/x/sync/errgroup"

	"hotline1022/channels/api"
	"hotline1022/channels/email"
	"hotline1022/channels/facebook"
	"hotline1022/channels/open311"
	"hotline1022/channels/phone"
	"hotline1022/channels/telegram"
	"hotline1022/channels/webchat"
	"hotline1022/channels/zalo"
	"hotline1022/realtime"
	"hotline1022/ticketing"
	"hotline1022/ui"
)

// ServeCmd is the server.
type ServeCmd struct{}

// Run serves until it is told to stop. The first start prints a sign-in for the administrator.
func (ServeCmd) Run(ctx context.Context, c *Config) error {
	p, err := assemble(ctx, c, newLog(c))
	if err != nil {
		return err
	}
	err = firstAdministrator(ctx, c, p)
	if err == nil {
		err = serve(ctx, c, p, nil)
	}
	return errors.Join(err, p.store.Close())
}

// firstAdministrator makes the account a new installation begins with.
func firstAdministrator(ctx context.Context, c *Config, p *parts) error {
	all, err := p.accounts.AllStaff(ctx)
	if err != nil || len(all) > 0 {
		return err
	}
	password, change := c.AdminPassword, false
	if password == "" {
		password, change = newPassword(), true
	}
	admin := ticketing.Staff{ID: "admin", Name: "Quản trị", Role: ticketing.Administrator, Change: change}
	if err := p.accounts.Add(ctx, admin, password, "first start"); err != nil {
		return fmt.Errorf("the first administrator: %w", err)
	}
	if change {
		fmt.Printf("first sign-in: admin, password %s (to be changed then)\n", password)
	}
	return nil
}

// server is everything that runs.
type server struct {
	*parts
	config    *Config
	app       *fiber.App
	hub       *realtime.Hub
	ui        *ui.Server
	api       *api.API
	courier   *ticketing.Courier
	collector *ticketing.Collector

	// The doors. nil: its settings are not given, it is off.
	zalo     *zalo.Channel
	facebook *facebook.Channel
	telegram *telegram.Channel
	phone    *phone.Channel
	webchat  *webchat.Channel
	open311  *open311.Channel
	email    *email.Channel
}

// serve listens and runs until ctx ends. ready, if given, learns the address.
func serve(ctx context.Context, c *Config, p *parts, ready func(url string)) error {
	debug.SetGCPercent(200) // at 50 a tenth of the intake was collecting; idle memory is the same, under load some 100 MB more
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s (is another hotline running? choose another with --addr): %w", c.Addr, err)
	}
	local := "http://" + listener.Addr().String()
	if p.desk.BaseURL == "" {
		p.desk.BaseURL = local
	}
	s := &server{parts: p, config: c}
	if err := s.mount(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	return s.run(ctx, listener, func() {
		fmt.Printf("listening on %s\n", local)
		if ready != nil {
			ready(p.desk.BaseURL)
		}
	})
}

// mount puts the surfaces together.
func (s *server) mount(ctx context.Context) error {
	proxies, err := s.config.proxies()
	if err != nil {
		return err
	}
	key, err := cookieKey(s.config)
	if err != nil {
		return err
	}
	s.ui = &ui.Server{Desk: s.desk, Accounts: s.accounts, BaseURL: s.desk.BaseURL, Key: key, Now: time.Now, Log: s.log, Version: version, OIDC: s.config.oidc()}
	s.app = fiber.New(fiber.Config{
		Immutable:                    true, // strings of a request must not change under those who keep them
		DisableStartupMessage:        true,
		ReadTimeout:                  60 * time.Second, // a whole upload on a slow line
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  75 * time.Second,
		StreamRequestBody:            true, // uploads are read piece by piece; bounded says how much
		DisablePreParseMultipartForm: true,
		BodyLimit:                    256 << 10,
		ReadBufferSize:               4 << 10, // a socket keeps its own for as long as it is open
		EnableTrustedProxyCheck:      true,
		TrustedProxies:               proxies,
		ProxyHeader:                  fiber.HeaderXForwardedFor,
		EnableIPValidation:           true,
		ServerHeader:                 "",
		ErrorHandler:                 s.failed,
	})
	s.app.Use(s.recovered, bounded)
	s.hub = s.newHub()
	s.ui.Place = s.hub.Place
	s.ui.Channels = s.doors
	s.accounts.Changed = func(staff, session string) {
		if session != "" {
			s.hub.Close(session, realtime.SignIn, "signed out")
		}
		s.hub.Recheck()
	}
	s.app.Get("/live", s.hub.Staff(s.viewer))
	s.app.Get("/t/:code/live", s.hub.Citizen(s.reader))
	s.app.Get("/readyz", s.readyz)
	s.app.Get("/metrics", s.metrics())
	s.api = &api.API{Desk: s.desk, Accounts: s.accounts, Staff: s.staffActor, BaseURL: s.desk.BaseURL, Log: s.log}
	s.api.Mount(s.app)
	s.courier = &ticketing.Courier{Desk: s.desk, Senders: map[ticketing.Channel]ticketing.Sender{}, Log: s.log}
	s.desk.Carries = func(ch ticketing.Channel) bool { return s.courier.Senders[ch] != nil }
	s.collector = &ticketing.Collector{Desk: s.desk, Sources: map[ticketing.Channel]ticketing.Source{}, Log: s.log}
	for _, channel := range []func(context.Context) error{
		s.mountBoard, s.mountZalo, s.mountEmail, s.mountFacebook, s.mountTelegram, s.mountPhone, s.mountWebchat, s.mountOpen311,
	} {
		if err := channel(ctx); err != nil {
			return err
		}
	}
	s.ui.Mount(s.app)
	s.app.Use(func(c *fiber.Ctx) error { return fiber.ErrNotFound })
	return nil
}

// run starts every goroutine of the program; the first to fail ends all.
func (s *server) run(ctx context.Context, l net.Listener, listening func()) error {
	work, stop := context.WithCancel(ctx)
	defer stop()
	group, work := errgroup.WithContext(work)
	group.Go(func() error { return s.hub.Run(work) })
	group.Go(func() error { return s.desk.CarryOver(work) })
	group.Go(func() error { return s.courier.Run(work) })
	group.Go(func() error { return s.collector.Run(work) })
	group.Go(func() error { return s.housekeeping(work) })
	spread := &ticketing.Spreader{Desk: s.desk, Accounts: s.accounts, Present: s.hub.Present, Log: s.log}
	if s.phone != nil {
		spread.Resting = s.phone.Resting
	}
	group.Go(func() error { return spread.Run(work) })
	group.Go(func() error { return s.desk.WatchForSpikes(work) })
	if s.zalo != nil {
		group.Go(func() error { return s.zalo.Run(work) })
	}
	group.Go(func() error { return s.open311.Run(work) })
	if s.facebook != nil {
		group.Go(func() error { return s.facebook.Run(work) })
	}
	if s.phone != nil {
		group.Go(func() error { return s.phone.Run(work) })
	}
	if s.email != nil {
		group.Go(func() error { return s.email.Run(work) })
	}
	if s.telegram != nil {
		group.Go(func() error { return s.telegram.Run(work) })
	}
	group.Go(func() error {
		s.awaitHub(work) // the first screen's socket must not be sent away
		listening()
		return s.app.Listener(l)
	})
	group.Go(func() error {
		<-work.Done()
		// First the sockets, so that browsers come back at once; then requests under way; the store is closed by
		// whoever opened it.
		leave, done := context.WithTimeout(context.WithoutCancel(work), 5*time.Second)
		defer done()
		return errors.Join(s.hub.Shutdown(leave), s.app.ShutdownWithTimeout(10*time.Second))
	})
	err := group.Wait()
	if ctx.Err() != nil {
		return nil // told to stop, and stopped
	}
	return err
}

// awaitHub waits until sockets may come, at most a few seconds: with an ill store pages are still of use.
func (s *server) awaitHub(ctx context.Context) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	enough := time.After(3 * time.Second)
	for !s.hub.Ready() {
		select {
		case <-ctx.Done():
			return
		case <-enough:
			return
		case <-look.C:
		}
	}
}

// housekeeping is what happens by the clock. Each round may run on every process: keys make it happen once.
func (s *server) housekeeping(ctx context.Context) error {
	rounds := cron.New(cron.WithChain(cron.SkipIfStillRunning(cron.DiscardLogger)))
	round := func(name string, do func(context.Context) error) func() {
		return func() {
			c, done := context.WithTimeout(ctx, 50*time.Second)
			defer done()
			if err := do(c); err != nil && ctx.Err() == nil {
				s.log.Error("a round of housekeeping failed", "round", name, "err", err)
			}
		}
	}
	_, err := rounds.AddFunc("* * * * *", round("sweep", func(c context.Context) error { _, err := s.desk.Sweep(c); return err }))
	if err != nil {
		return err
	}
	// What a burst has left behind goes back to the system, which shares the machine with others.
	if _, err := rounds.AddFunc("* * * * *", debug.FreeOSMemory); err != nil {
		return err
	}
	if _, err := rounds.AddFunc("17 * * * *", round("what was typed long ago", s.desk.ForgetOld)); err != nil {
		return err
	}
	rounds.Start()
	defer rounds.Stop()
	settings := time.NewTicker(time.Second)
	defer settings.Stop()
	round("sweep", func(c context.Context) error { _, err := s.desk.Sweep(c); return err })()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-settings.C:
			if err := s.catalogs.Refresh(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("changed settings are not in use", "err", err)
			}
		}
	}
}

// recovered turns a panic in a handler into a page.
func (s *server) recovered(c *fiber.Ctx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic caught", "route", c.Route().Path, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return c.Next()
}

// failed turns what no handler has answered into a page, or for programs into a problem document.
func (s *server) failed(c *fiber.Ctx, err error) error {
	if strings.HasPrefix(c.Path(), "/api/") {
		return s.api.Failure(c, err)
	}
	if s.open311 != nil && strings.HasPrefix(c.Path(), "/open311/") {
		return s.open311.Failure(c, err)
	}
	return s.ui.ErrorHandler(c, err)
}

// cookieKey seals cookies and forms: kept beside the vault's key, the same after a restart and, derived from the
// vault's key where that is given, in every process.
func cookieKey(c *Config) ([]byte, error) {
	key, err := vaultKey(c)
	if err != nil {
		return nil, err
	}
	return derive(key, "hotline1022 cookies")
}

// bearer is the token of the request, if it brings one.
func bearer(c *fiber.Ctx) string {
	scheme, token, ok := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func (s *server) mountZalo(ctx context.Context) error {
	c := s.config
	if c.ZaloAppID == "" {
		s.log.Info("channel is off: its settings are not given", "channel", "zalo")
		return nil
	}
	var err error
	s.zalo, err = zalo.Open(ctx, zalo.Config{
		AppID: c.ZaloAppID, AppSecret: c.ZaloAppSecret, OASecretKey: c.ZaloOASecretKey, OAID: c.ZaloOAID,
		RefreshToken: c.ZaloRefreshToken, API: c.ZaloAPI, OAuth: c.ZaloOAuth, Business: c.ZaloBusiness,
		Template: c.ZaloTemplate, TemplateData: c.ZaloTemplateData,
	}, s.desk, s.log)
	if err != nil {
		return fmt.Errorf("zalo: %w", err)
	}
	s.zalo.Mount(s.app)
	s.courier.Senders[ticketing.Zalo] = s.zalo
	if c.ZaloTemplate != "" && c.ZaloTemplateAll {
		s.desk.ByNumber = ticketing.Zalo
	}
	s.collector.Sources[ticketing.Zalo] = s.zalo.Source()
	return nil
}

// writable says whether the data folder can be written to; part of /readyz.
func (s *server) writable() error {
	f, err := os.CreateTemp(s.config.Data, ".ready-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(filepath.Join(s.config.Data, filepath.Base(f.Name()))))
}
