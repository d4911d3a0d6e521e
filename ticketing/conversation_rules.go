package ticketing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

// The kinds of record that say how the hotline converses by itself.
const (
	KindSaying = "saying" // what a short message means
	KindChat   = "chat"   // what is switched on, door by door
)

// Does is what a message is for, where it is not a matter for a person.
type Does string

// What sayings can be for.
const (
	Thanks      Does = "thanks" // after an answer: the ticket stays as it is
	Assent      Does = "assent" // the same, unless the answer asked something
	Greets      Does = "greet"  // the beginning of a conversation, with no matter yet
	WantsMenu   Does = "menu"
	WantsPerson Does = "person"
)

// AllDoes lists them.
var AllDoes = [...]Does{Thanks, Assent, Greets, WantsMenu, WantsPerson}

// Saying is a rule: a message that consists of phrases of Says and With, at least one of them of Says, and of nothing
// else, is what Does says. See text.Saying for how phrases are compared.
type Saying struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Does    Does     `json:"does"`
	Says    []string `json:"says"`
	With    []string `json:"with,omitempty"`
	Longest int      `json:"longest,omitempty"` // characters of a message; 0 is 100
	Off     bool     `json:"off,omitempty"`
}

// ChatRules is what the hotline does by itself on a door for conversations.
type ChatRules struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Channel  Channel  `json:"channel,omitempty"`   // "" is every door without rules of its own
	Menu     bool     `json:"menu,omitempty"`      // greet with a menu
	Guide    bool     `json:"guide,omitempty"`     // ask for the place and a photograph
	Skip     []string `json:"skip,omitempty"`      // a matter with one of these words is not asked where: a question, or what has no place
	NoPhotos bool     `json:"no_photos,omitempty"` // ask for the place only
	NoButton bool     `json:"no_button,omitempty"` // web chat: our own pages do not carry its button
}

const (
	usualLongest = 100
	mostLongest  = 300 // no saying swallows more than this
	mostPhrases  = 500
)

// saying is a rule ready for use.
type saying struct {
	Saying
	is text.Saying
}

// sense is what the message is for and the id of the rule that says so; "" for a matter.
func (c *Catalog) sense(message string) (Does, string) {
	length := utf8.RuneCountInString(message)
	var heard text.Heard
	for _, s := range c.sayings {
		if length > cmp.Or(s.Longest, usualLongest) {
			continue
		}
		if heard == nil {
			heard = text.Hear(message)
		}
		if s.is.In(heard) {
			return s.Does, s.ID
		}
	}
	return "", ""
}

// Chat is the rules of a door.
func (c *Catalog) Chat(ch Channel) ChatRules {
	if r, ok := c.chats[ch]; ok {
		return r
	}
	return c.chats[""]
}

// converse takes over the rules of conversation; what is shipped counts where nothing is stored.
func (c *Catalog) converse(sayings []Saying, chats []ChatRules) (errs []error) {
	if len(sayings) == 0 {
		sayings = shippedSayings()
	}
	if len(chats) == 0 {
		chats = []ChatRules{shippedChat()}
	}
	slices.SortFunc(sayings, func(a, b Saying) int { return cmp.Compare(a.ID, b.ID) })
	for _, s := range sayings {
		if !s.Off {
			c.sayings = append(c.sayings, saying{s, text.NewSaying(s.Says, s.With)})
		}
	}
	c.chats = map[Channel]ChatRules{}
	for _, r := range chats {
		if other, ok := c.chats[r.Channel]; ok {
			errs = append(errs, fmt.Errorf("the rules %q and %q are of the same channel", other.ID, r.ID))
		}
		c.chats[r.Channel] = r
	}
	return errs
}

type (
	sayingSetting struct{ Saying }
	chatSetting   struct{ ChatRules }
)

func (s sayingSetting) check(id string, _ setting, _ world) error {
	if err := named(id, s.ID, s.Name); err != nil {
		return err
	}
	switch {
	case !known(AllDoes[:], s.Does):
		return invalid("does", "settings.does")
	case len(s.Says) == 0:
		return invalid("says", "settings.says_nothing")
	case s.Longest < 0 || s.Longest > mostLongest:
		return invalid("longest", "settings.longest", mostLongest)
	}
	for field, list := range map[string][]string{"says": s.Says, "with": s.With} {
		if len(list) > mostPhrases {
			return invalid(field, "settings.too_many_phrases", mostPhrases)
		}
		for _, p := range list {
			if !text.NewSaying([]string{p}, nil).Is(p) {
				return invalid(field, "settings.word_empty", p)
			}
		}
	}
	return nil
}

func (r chatSetting) check(id string, _ setting, _ world) error {
	if err := named(id, r.ID, r.Name); err != nil {
		return err
	}
	if r.Channel != "" && !r.Channel.Conversation() {
		return invalid("channel", "settings.no_conversation")
	}
	for _, p := range r.Skip {
		if strings.TrimSpace(text.Fold(p)) == "" {
			return invalid("skip", "settings.word_empty", p)
		}
	}
	return nil
}

func phrases(list string) (out []string) {
	for p := range strings.SplitSeq(list, ",") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// courtesies are what may stand around a saying without asking for anything. A word that can carry a wish, a doubt or
// news does not belong here: "nhanh" alone urges, "lắm" alone complains. Bare ones are listed where they mean one thing.
const courtesies = `
	ạ, a, ah, à, ak, nhé, nhe, nha, nhá, nhen, nè, dạ, da, vâng, vang, ừ, ừm, um, uh, uhm, dạ vâng, xin, thưa, ok, oke, okay, okie, oki, okê, okela,
	em, anh, chị, cô, chú, bác, ông, bà, bạn, mình, tôi, tui, con, cháu, e, c, ad, admin, các, quý, anh chị, các anh chị, anh em, cô chú, các bạn, quý anh chị,
	mọi người, bà con, gia đình, chúng tôi, chúng em, chúng mình, tổng đài, 1022, tổng đài 1022, trung tâm, cán bộ, các cán bộ, tổng đài viên, nhân viên,
	đơn vị, quý đơn vị, cơ quan, quý cơ quan, 😊, 🙂, 🥰, 😍, 😘, 😄, 😁, 🤝, 💕, 🙏, 👌`

const thanksSays = `
	cảm ơn, cám ơn, cãm ơn, cảm ơn em, cảm ơn anh, cảm ơn chị, cảm ơn bạn, cảm ơn cô, cảm ơn chú, cảm ơn bác, cảm ơn ông, cảm ơn bà, cảm ơn nhiều, cảm ơn rất nhiều,
	cám ơn em, cám ơn anh, cám ơn chị, cám ơn bạn, cám ơn nhiều, cảm ơn lắm, cảm ơn nha, cảm ơn nhé, cám ơn nha, cám ơn nhé, chân thành cảm ơn, xin cảm ơn, xin cám ơn,
	camon, cảm tạ, đa tạ, tri ân, biết ơn, rất biết ơn, cmon, cám ơn ad, tks, thks, thx, ths, thank, thanks, thank you, thank u, thank you so much, thank you very much,
	thankyou, many thanks, tuyệt vời, quá tuyệt vời, rất hài lòng, hài lòng, tốt quá, rất tốt, 👍, ❤, ♥, 💖, 💗, 👏, 💐, 🌹, 🌷, 🌸, 💯`

const thanksWith = `
	nhiều, nhieu, rất nhiều, nhiều lắm, rất, trân trọng, chân thành, thành thật, vì, so much, very much, a lot, rồi ạ,
	đã hỗ trợ, đã giúp, đã giúp đỡ, đã trả lời, đã phản hồi, đã quan tâm, đã tư vấn, đã giải đáp, đã hướng dẫn, đã nhiệt tình, đã xử lý, đã giải quyết, đã sửa,
	đã xử lý nhanh, đã xử lý kịp thời, đã trả lời nhanh, đã phản hồi nhanh, đã giải quyết nhanh, đã hỗ trợ nhiệt tình, đã giúp đỡ nhiệt tình, sự hỗ trợ, sự giúp đỡ, sự quan tâm,
	vì sự hỗ trợ, vì đã hỗ trợ, đã nhận được, đã rõ`

const assentSays = `
	ok, oke, okay, okie, oki, okê, okela, ok ạ, ok em, ok anh, ok chị, vâng, vang, vâng ạ, dạ, da, dạ vâng, dạ rõ, ừ, ừm, um, uh, rõ rồi, đã rõ, em rõ rồi, hiểu rồi,
	đã hiểu, em hiểu rồi, đã nhận, đã nhận được, nhận được rồi, đã biết, được rồi, tốt rồi, vâng được rồi, 👌, 🆗, 🤝`

const greetSays = `
	xin chào, chào, chao, kính chào, chào buổi sáng, chào buổi chiều, chào buổi tối, chào tổng đài, chào anh, chào chị, chào em, chào bạn, chào ad, chào cô, chào chú,
	hi, hello, helo, hallo, hey, hế lô, hê lô, alo, alô, a lô, a lo, lô, start, get started, bắt đầu, good morning, good afternoon, good evening,
	tổng đài ơi, ad ơi, admin ơi, anh ơi, chị ơi, anh chị ơi, có ai không, có ai ở đó không, có ai đó không, cho hỏi, cho em hỏi, cho tôi hỏi, cho mình hỏi, cho con hỏi, cho cháu hỏi, cho hỏi chút, cho em hỏi chút, cho tôi hỏi chút, cho mình hỏi chút, 👋, 🙋`

const greetWith = `với ạ, một chút, tí, chút, shop, page, hotline, bot, there, ?`

const menuSays = `menu, trợ giúp, help, hướng dẫn, hướng dẫn sử dụng, danh mục, cách dùng, main menu, ☰`

const menuWith = `xem, mở, cho xem, cho tôi, cho em, cho mình, với, ạ, a, ?`

const personSays = `
	gặp người, gặp người thật, gặp tổng đài viên, gặp nhân viên, gặp cán bộ, gặp tư vấn viên, gặp trực tiếp, gặp người trực, gặp nhân viên tư vấn, kết nối tổng đài viên,
	nói chuyện với người, nói chuyện với người thật, nói chuyện với tổng đài viên, nói chuyện với nhân viên, nói chuyện với cán bộ, chat với người, chat với nhân viên,
	tổng đài viên, tư vấn viên, talk to a person, talk to someone, speak to a person, agent, human, operator`

const personWith = `
	cho tôi, cho em, cho mình, cho con, cho cháu, tôi muốn, em muốn, mình muốn, tôi cần, em cần, mình cần, muốn, cần, xin, được, vui lòng, làm ơn, được không, với, please, i want to, ạ, a, nhé, ?`

func shippedSayings() []Saying {
	return []Saying{
		{ID: "cam-on", Name: "Lời cảm ơn sau khi được trả lời", Does: Thanks, Says: phrases(thanksSays), With: phrases(courtesies + "," + thanksWith)},
		{ID: "vang-a", Name: "Lời vâng dạ sau khi được trả lời", Does: Assent, Says: phrases(assentSays), With: phrases(courtesies + ", rồi ạ")},
		{ID: "chao", Name: "Lời chào", Does: Greets, Says: phrases(greetSays), With: phrases(courtesies + "," + greetWith), Longest: 80},
		{ID: "menu", Name: "Xin xem menu", Does: WantsMenu, Says: phrases(menuSays), With: phrases(menuWith), Longest: 60},
		{ID: "gap-nguoi", Name: "Xin gặp tổng đài viên", Does: WantsPerson, Says: phrases(personSays), With: phrases(personWith), Longest: 80},
	}
}

func shippedChat() ChatRules {
	return ChatRules{ID: "chung", Name: "Mọi kênh trò chuyện", Menu: true, Guide: true, Skip: phrases(`
		ở đâu, bao giờ, khi nào, mấy giờ, làm sao, thế nào, như thế nào, cho hỏi, cho em hỏi, cho tôi hỏi, cho mình hỏi, thủ tục, hồ sơ, giấy tờ, bao nhiêu,
		bao lâu, căn cước, hộ chiếu, lý lịch tư pháp, hộ khẩu, khai sinh, kết hôn, bảo hiểm, lệ phí, góp ý, khiếu nại, tố cáo`)}
}
