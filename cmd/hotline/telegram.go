package main

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"hotline1022/channels/telegram"
	"hotline1022/ticketing"
)

var (
	telegramToken  = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`)
	telegramSecret = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`) // https://core.telegram.org/bots/api#setwebhook
)

// checkTelegram reports what is wrong with the bot's settings. It repeats neither token nor secret.
func (c *Config) checkTelegram(bad func(name, format string, args ...any)) {
	if c.TelegramToken != "" && !telegramToken.MatchString(c.TelegramToken) {
		bad("TELEGRAM_TOKEN", "is not like 123456789:AAE…, as @BotFather gives it")
	}
	if u, err := url.Parse(c.TelegramAPI); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		bad("TELEGRAM_API", "%q is not an address", c.TelegramAPI)
	}
	if c.TelegramSecret == "" {
		return
	}
	switch {
	case !telegramSecret.MatchString(c.TelegramSecret):
		bad("TELEGRAM_SECRET", "may hold A-Z a-z 0-9 _ - only, at most 256 of them")
	case c.TelegramToken == "":
		bad("TELEGRAM_SECRET", "is of no use without HOTLINE_TELEGRAM_TOKEN")
	case c.TelegramAPI == telegram.RealAPI && !strings.HasPrefix(c.PublicURL, "https://"):
		bad("TELEGRAM_SECRET", "Telegram posts to https only: set HOTLINE_PUBLIC_URL to an https address, or leave the secret out to poll")
	}
}

func (s *server) mountTelegram(context.Context) error {
	c := s.config
	if c.TelegramToken == "" {
		s.log.Info("channel is off: its settings are not given", "channel", ticketing.Telegram)
		return nil
	}
	var err error
	s.telegram, err = telegram.Open(telegram.Config{Token: c.TelegramToken, Secret: c.TelegramSecret, API: c.TelegramAPI}, s.desk, s.log)
	if err != nil {
		return fmt.Errorf("telegram: %w", err)
	}
	s.telegram.Mount(s.app)
	s.courier.Senders[ticketing.Telegram] = s.telegram
	s.collector.Sources[ticketing.Telegram] = s.telegram.Source()
	return nil
}
