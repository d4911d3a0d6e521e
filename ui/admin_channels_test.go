package ui_test

import (
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ui"
)

func TestTheDoorsThatNeedAPersonStandFirst(t *testing.T) {
	h := newHouse(t, func(s *ui.Server) {
		s.Channels = func() []ui.ChannelHealth {
			return []ui.ChannelHealth{
				{Channel: ticketing.Telegram},
				{Channel: ticketing.Facebook, On: true, Hears: true, Speaks: true, LastEvent: s.Now().Add(-time.Minute), Followers: 10296, Counts: map[string]int64{"message": 1234}},
				{Channel: ticketing.Zalo, On: true, Hears: true, Speaks: true, TokenAge: 90 * time.Minute, Problems: []ui.ChannelProblem{
					{Key: "zalo.alarm.revoked", At: s.Now(), Times: 3},
				}},
			}
		}
	})
	page := h.browser().signIn("admin").get("/admin/channels").wants(h, 200).lacks(h, "⟦").body
	for _, want := range []string{"đã bị thu hồi", "10.296", "1.234", "1.5 giờ", "Chưa có cài đặt cho kênh này"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	zalo, facebook, telegram := strings.Index(page, "Zalo <span"), strings.Index(page, "Facebook <span"), strings.Index(page, "Telegram <span")
	if zalo < 0 || facebook < zalo || telegram < facebook {
		t.Errorf("order: Zalo at %d, Facebook at %d, Telegram at %d", zalo, facebook, telegram)
	}
}
