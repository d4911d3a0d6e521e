package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"hotline1022/channels/open311"
	"hotline1022/ticketing"
)

// mountOpen311 adds the public endpoint. It needs no setting: who may write is said by keys, and what may be read is
// public.
func (s *server) mountOpen311(_ context.Context) error {
	cfg, err := s.config.open311()
	if err != nil {
		return err
	}
	s.open311 = open311.Open(cfg, s.desk, s.accounts, s.log)
	s.open311.Mount(s.app)
	s.collector.Sources[ticketing.Open311] = s.open311.Source()
	return nil
}

// open311 reads the channel's settings; all mistakes are told together.
func (c *Config) open311() (open311.Config, error) {
	var errs []error
	out := open311.Config{Jurisdiction: c.Open311Jurisdiction, Public: c.Open311Public == "yes"}
	for h := range strings.SplitSeq(c.Open311MediaHosts, ",") {
		if h = strings.ToLower(strings.TrimSpace(h)); h == "" {
			continue
		}
		if strings.ContainsAny(h, "/:@* ") || !strings.Contains(h, ".") {
			errs = append(errs, fmt.Errorf("HOTLINE_OPEN311_MEDIA_HOSTS: %q is not a host name", h))
		}
		out.MediaHosts = append(out.MediaHosts, h)
	}
	for h := range strings.SplitSeq(c.Open311Trusted, ",") {
		if h = strings.TrimSpace(h); h == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(h); err != nil {
			errs = append(errs, fmt.Errorf("HOTLINE_OPEN311_TRUSTED: %q is not HOST:PORT", h))
		}
		out.Trusted = append(out.Trusted, h)
	}
	if c.Open311Bounds != "" {
		parts := strings.Split(c.Open311Bounds, ",")
		ok := len(parts) == 4
		for i := 0; ok && i < 4; i++ {
			v, err := strconv.ParseFloat(strings.TrimSpace(parts[i]), 64)
			ok, out.Bounds[i] = err == nil && v > -180 && v < 180, v
		}
		if b := out.Bounds; !ok || b[0] >= b[2] || b[1] >= b[3] {
			errs = append(errs, fmt.Errorf("HOTLINE_OPEN311_BOUNDS: %q is not SOUTH,WEST,NORTH,EAST in degrees", c.Open311Bounds))
		}
	}
	return out, errors.Join(errs...)
}
