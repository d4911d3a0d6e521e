package main

import (
	"context"
	"net/url"

	"hotline1022/channels/facebook"
	"hotline1022/ticketing"
)

// checkFacebook looks at the page's settings.
func (c *Config) checkFacebook(bad func(name, format string, args ...any)) {
	if u, err := url.Parse(c.FacebookGraph); err != nil || u.Host == "" || u.RawQuery != "" {
		bad("FACEBOOK_GRAPH", "%q is not like %s", c.FacebookGraph, facebook.RealGraph)
	}
	needed := []string{c.FacebookAppSecret, c.FacebookVerifyToken, c.FacebookPageID}
	if (anyOf(needed) || c.FacebookPageToken != "") && !allOf(needed) {
		bad("FACEBOOK_APP_SECRET, _VERIFY_TOKEN, _PAGE_ID", "give all of them or none")
	}
}

func (s *server) mountFacebook(context.Context) error {
	c := s.config
	if c.FacebookPageID == "" {
		s.log.Info("channel is off: its settings are not given", "channel", ticketing.Facebook)
		return nil
	}
	s.facebook = facebook.Open(facebook.Config{
		AppSecret: c.FacebookAppSecret, VerifyToken: c.FacebookVerifyToken, PageToken: c.FacebookPageToken, PageID: c.FacebookPageID,
		Graph: c.FacebookGraph, AppID: c.FacebookAppID, PublicReply: c.FacebookPublicReply == "yes",
	}, s.desk, s.log)
	s.facebook.Mount(s.app)
	s.courier.Senders[ticketing.Facebook] = s.facebook
	s.collector.Sources[ticketing.Facebook] = s.facebook.Source()
	return nil
}
