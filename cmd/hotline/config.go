package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"hotline1022/channels/webchat"
)

// Config is every setting. Each can be given as HOTLINE_NAME in the environment or as the flag of the same name; the
// flag wins. `hotline config` prints this list with the present values.
type Config struct {
	Addr           string `env:"HOTLINE_ADDR" default:"127.0.0.1:10220" help:"listen address; port 0 picks a free one"`
	Data           string `env:"HOTLINE_DATA" default:"./data" help:"folder of the SQLite file, attachments and keys"`
	Store          string `env:"HOTLINE_STORE" default:"sqlite" help:"sqlite, or mongodb://HOST/DATABASE"`
	PublicURL      string `env:"HOTLINE_PUBLIC_URL" help:"the address citizens see; links and Origin checks use it (default: from ADDR)"`
	TrustedProxies string `env:"HOTLINE_TRUSTED_PROXIES" help:"networks whose X-Forwarded-For counts, comma separated"`
	Timezone       string `env:"HOTLINE_TIMEZONE" default:"Asia/Ho_Chi_Minh" help:"the office's time zone; must be UTC+7"`
	AdminPassword  string `env:"HOTLINE_ADMIN_PASSWORD" secret:"true" help:"password of the first administrator, used only when there are no accounts"`
	VaultKey       string `env:"HOTLINE_VAULT_KEY" secret:"true" help:"64 hex digits; the key of names and numbers (default: DATA/keys/vault.key, made at the first start). Several processes on one store need the same"`
	Log            string `env:"HOTLINE_LOG" default:"text" enum:"text,json" help:"form of the log on stderr"`
	MetricsToken   string `env:"HOTLINE_METRICS_TOKEN" secret:"true" help:"bearer token for /metrics from elsewhere than this machine"`

	OIDCIssuer       string `env:"HOTLINE_OIDC_ISSUER" name:"oidc-issuer" help:"address of a sign-in service for staff (OpenID Connect), exactly as it names itself"`
	OIDCClientID     string `env:"HOTLINE_OIDC_CLIENT_ID" name:"oidc-client-id" help:"what the service calls us; its redirect address is PUBLIC_URL/dang-nhap/ngoai/ve"`
	OIDCClientSecret string `env:"HOTLINE_OIDC_CLIENT_SECRET" name:"oidc-client-secret" secret:"true" help:"our secret at the service"`
	OIDCName         string `env:"HOTLINE_OIDC_NAME" name:"oidc-name" help:"what the button says after “Đăng nhập bằng” (default: tài khoản cơ quan)"`

	ZaloAppID        string `env:"HOTLINE_ZALO_APP_ID" name:"zalo-app-id" help:"Zalo app"`
	ZaloAppSecret    string `env:"HOTLINE_ZALO_APP_SECRET" name:"zalo-app-secret" secret:"true" help:"Zalo app secret (OAuth)"`
	ZaloOASecretKey  string `env:"HOTLINE_ZALO_OA_SECRET_KEY" name:"zalo-oa-secret-key" secret:"true" help:"OA secret key (webhook signature)"`
	ZaloOAID         string `env:"HOTLINE_ZALO_OA_ID" name:"zalo-oa-id" help:"Zalo Official Account"`
	ZaloRefreshToken string `env:"HOTLINE_ZALO_REFRESH_TOKEN" name:"zalo-refresh-token" secret:"true" help:"first refresh token of the Official Account"`
	ZaloAPI          string `env:"HOTLINE_ZALO_API" name:"zalo-api" default:"https://openapi.zalo.me" help:"base address of the OA API"`
	ZaloOAuth        string `env:"HOTLINE_ZALO_OAUTH" name:"zalo-oauth" default:"https://oauth.zaloapp.com" help:"base address of sign-in"`
	ZaloBusiness     string `env:"HOTLINE_ZALO_BUSINESS" name:"zalo-business" default:"https://business.openapi.zalo.me" help:"base address of template messages"`
	ZaloTemplate     string `env:"HOTLINE_ZALO_TEMPLATE" name:"zalo-template" help:"id of the approved template that tells a citizen that there is an answer, once Zalo no longer lets us write to her: at her Zalo account if it is approved for that, else by phone number"`
	ZaloTemplateAll  bool   `env:"HOTLINE_ZALO_TEMPLATE_ALL" name:"zalo-template-all" help:"send the template also to people who came by telephone or form and left no e-mail address: each costs money"`
	ZaloTemplateData string `env:"HOTLINE_ZALO_TEMPLATE_DATA" name:"zalo-template-data" default:"{\"name\":\"{name}\",\"code\":\"{code}\",\"link\":\"{link}\"}" help:"its fields as JSON; {name}, {code} and {link} are filled in"`

	Open311Jurisdiction string `env:"HOTLINE_OPEN311_JURISDICTION" name:"open311-jurisdiction" help:"jurisdiction_id of the Open311 endpoint (default: the public address's host)"`
	Open311Public       string `env:"HOTLINE_OPEN311_PUBLIC" name:"open311-public" default:"no" enum:"no,yes" help:"whether a report by Open311 that does not say so may be shown in public"`
	Open311MediaHosts   string `env:"HOTLINE_OPEN311_MEDIA_HOSTS" name:"open311-media-hosts" help:"hosts whose pictures (media_url) are fetched, comma separated; of others the address is kept"`
	Open311Bounds       string `env:"HOTLINE_OPEN311_BOUNDS" name:"open311-bounds" help:"SOUTH,WEST,NORTH,EAST in degrees: reports from elsewhere are refused (default: Vietnam)"`
	Open311Trusted      string `env:"HOTLINE_OPEN311_TRUSTED" name:"open311-trusted" help:"HOST:PORT of agencies' Open311 servers in closed networks, comma separated; others must have public addresses"`

	FacebookAppSecret   string `env:"HOTLINE_FACEBOOK_APP_SECRET" secret:"true" help:"Facebook app secret (webhook signature, appsecret_proof)"`
	FacebookVerifyToken string `env:"HOTLINE_FACEBOOK_VERIFY_TOKEN" secret:"true" help:"words of your own, the same in the app's webhook settings"`
	FacebookPageToken   string `env:"HOTLINE_FACEBOOK_PAGE_TOKEN" secret:"true" help:"access token of the page; without it messages are taken in and none go out"`
	FacebookPageID      string `env:"HOTLINE_FACEBOOK_PAGE_ID" help:"Facebook page"`
	FacebookAppID       string `env:"HOTLINE_FACEBOOK_APP_ID" help:"Facebook app; needed only where several apps share the page's conversations, to know whose one is"`
	FacebookPublicReply string `env:"HOTLINE_FACEBOOK_PUBLIC_REPLY" default:"no" enum:"no,yes" help:"whether a word in public below a comment or post says that it has been answered in private; never what was answered"`
	FacebookGraph       string `env:"HOTLINE_FACEBOOK_GRAPH" default:"https://graph.facebook.com/v26.0" help:"base address of the Graph API, with its version"`

	PhoneSecret     string `env:"HOTLINE_PHONE_SECRET" name:"phone-secret" secret:"true" help:"key of the telephone exchange's event push"`
	PhoneHours      string `env:"HOTLINE_PHONE_HOURS" name:"phone-hours" help:"when the telephone is manned, like 07:30-11:30,13:00-17:30 (default: always); other calls are counted apart"`
	PhoneAfter      string `env:"HOTLINE_PHONE_AFTER" name:"phone-after" default:"60s" help:"how long an operator may write after a call before the next one rings, like 90s; 0: as the queue says"`
	PhoneRecordings string `env:"HOTLINE_PHONE_RECORDINGS" name:"phone-recordings" help:"where recordings are fetched from, like https://pbx.example.vn/rec/{year}/{month}/{day}/{file}; also {path} and {call}. Nothing from elsewhere is fetched"`
	PhoneQueueLog   string `env:"HOTLINE_PHONE_QUEUE_LOG" name:"phone-queue-log" help:"path of Asterisk's queue_log, where it can be read here; it fills what the manager connection missed"`
	AMIAddr         string `env:"HOTLINE_AMI_ADDR" name:"ami-addr" help:"Asterisk manager interface, HOST:PORT"`
	AMIUser         string `env:"HOTLINE_AMI_USER" name:"ami-user" help:"its account, with read rights call, agent, cdr, dialplan and write rights agent, reporting, system"`
	AMISecret       string `env:"HOTLINE_AMI_SECRET" name:"ami-secret" secret:"true" help:"the account's secret"`

	ChatSites string `env:"HOTLINE_CHAT_SITES" help:"origins of other pages that may carry the chat window (https://www.example.vn), comma separated; our own may always"`

	EmailAddress  string `env:"HOTLINE_EMAIL_ADDRESS" name:"email-address" help:"the office's e-mail address (1022@example.vn); turns the channel on"`
	EmailName     string `env:"HOTLINE_EMAIL_NAME" name:"email-name" help:"name beside it in what goes out (default: the hotline's)"`
	EmailIMAP     string `env:"HOTLINE_EMAIL_IMAP" name:"email-imap" help:"its mailbox, imaps://HOST[:PORT]; imap:// only on this machine"`
	EmailMailbox  string `env:"HOTLINE_EMAIL_MAILBOX" name:"email-mailbox" default:"INBOX" help:"the folder that is read"`
	EmailMaildir  string `env:"HOTLINE_EMAIL_MAILDIR" name:"email-maildir" help:"a maildir (with new and cur) to read instead of IMAP"`
	EmailSMTP     string `env:"HOTLINE_EMAIL_SMTP" name:"email-smtp" help:"where letters are handed in, smtps://HOST[:PORT], or smtp://HOST[:PORT] with STARTTLS; without TLS only on this machine"`
	EmailUser     string `env:"HOTLINE_EMAIL_USER" name:"email-user" help:"sign-in of the mailbox and of SMTP"`
	EmailPassword string `env:"HOTLINE_EMAIL_PASSWORD" name:"email-password" secret:"true" help:"its password"`
	EmailAuthServ string `env:"HOTLINE_EMAIL_AUTHSERV" name:"email-authserv" help:"the name our mail server gives itself in Authentication-Results; letters whose sender it doubts are marked (default: nobody is asked)"`
	EmailPace     string `env:"HOTLINE_EMAIL_PACE" name:"email-pace" default:"60" help:"letters a minute that go out"`

	TelegramToken  string `env:"HOTLINE_TELEGRAM_TOKEN" name:"telegram-token" secret:"true" help:"token of the Telegram bot, from @BotFather"`
	TelegramSecret string `env:"HOTLINE_TELEGRAM_SECRET" name:"telegram-secret" secret:"true" help:"secret of the Telegram webhook, up to 256 of A-Z a-z 0-9 _ -; without it updates are fetched by long polling"`
	TelegramAPI    string `env:"HOTLINE_TELEGRAM_API" name:"telegram-api" default:"https://api.telegram.org" help:"base address of the Telegram Bot API and its files"`
}

// check reports every mistake together.
func (c *Config) check() error {
	var errs []error
	bad := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("HOTLINE_%s: %s", name, fmt.Sprintf(format, args...)))
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		bad("ADDR", "%q is not HOST:PORT", c.Addr)
	}
	if c.Data == "" {
		bad("DATA", "is empty")
	}
	if c.Store != "sqlite" {
		u, err := url.Parse(c.Store)
		if err != nil || u.Scheme != "mongodb" && u.Scheme != "mongodb+srv" || strings.Trim(u.Path, "/") == "" {
			bad("STORE", "is neither sqlite nor mongodb://HOST/DATABASE")
		}
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			bad("PUBLIC_URL", "%q is not like https://1022.example.vn", c.PublicURL)
		}
	}
	c.checkOIDC(bad)
	if _, err := c.proxies(); err != nil {
		bad("TRUSTED_PROXIES", "%v", err)
	}
	if zone, err := time.LoadLocation(c.Timezone); err != nil {
		bad("TIMEZONE", "%q is not known", c.Timezone)
	} else if _, offset := time.Date(2026, 6, 1, 0, 0, 0, 0, zone).Zone(); offset != 7*60*60 {
		bad("TIMEZONE", "%q is not UTC+7; days, numbers and working time are those of Vietnam", c.Timezone)
	}
	if _, err := parseKey(c.VaultKey); c.VaultKey != "" && err != nil {
		bad("VAULT_KEY", "%v", err)
	}
	for name, v := range map[string]string{"ZALO_API": c.ZaloAPI, "ZALO_OAUTH": c.ZaloOAuth, "ZALO_BUSINESS": c.ZaloBusiness} {
		if u, err := url.Parse(v); err != nil || u.Host == "" {
			bad(name, "%q is not an address", v)
		}
	}
	if fields := map[string]string{}; c.ZaloTemplateData != "" && json.Unmarshal([]byte(c.ZaloTemplateData), &fields) != nil {
		bad("ZALO_TEMPLATE_DATA", "is not a JSON object of texts")
	}
	if given := []string{c.ZaloAppID, c.ZaloOASecretKey, c.ZaloOAID}; anyOf(given) && !allOf(given) {
		bad("ZALO_APP_ID, _OA_ID, _OA_SECRET_KEY", "give all of them or none")
	}
	if _, err := c.open311(); err != nil {
		errs = append(errs, err)
	}
	c.checkFacebook(bad)
	if given := []string{c.AMIAddr, c.AMIUser, c.AMISecret}; anyOf(given) && !allOf(given) {
		bad("AMI_ADDR, _USER, _SECRET", "give all of them or none")
	}
	if _, _, err := net.SplitHostPort(c.AMIAddr); c.AMIAddr != "" && err != nil {
		bad("AMI_ADDR", "%q is not HOST:PORT", c.AMIAddr)
	}
	c.checkPhone(bad)
	if _, err := webchat.ParseSites(c.ChatSites); err != nil {
		bad("CHAT_SITES", "%v", err)
	}
	c.checkTelegram(bad)
	c.checkEmail(bad)
	return errors.Join(errs...)
}

func (c *Config) proxies() ([]string, error) {
	var out []string
	for p := range strings.SplitSeq(c.TrustedProxies, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		if _, err := netip.ParsePrefix(p); err != nil {
			if _, err := netip.ParseAddr(p); err != nil {
				return nil, fmt.Errorf("%q is neither an address nor a network", p)
			}
		}
		out = append(out, p)
	}
	return out, nil
}

func anyOf(s []string) bool { return strings.Join(s, "") != "" }

func allOf(s []string) bool {
	for _, v := range s {
		if v == "" {
			return false
		}
	}
	return true
}

// ConfigCmd prints the settings.
type ConfigCmd struct{}

// Run prints name, comment, default and present value of each.
func (ConfigCmd) Run(c *Config) error {
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		now := v.Field(i).String()
		switch {
		case f.Tag.Get("secret") == "true" && now != "":
			now = "set"
		case f.Tag.Get("secret") == "true":
			now = "not set"
		case now == "":
			now = "not set"
		}
		fmt.Fprintf(os.Stdout, "# %s", f.Tag.Get("help"))
		if d := f.Tag.Get("default"); d != "" {
			fmt.Fprintf(os.Stdout, " (default %s)", d)
		}
		fmt.Fprintf(os.Stdout, "\n%s=%s\n\n", f.Tag.Get("env"), now)
	}
	return c.check()
}
