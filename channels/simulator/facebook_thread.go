package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Away gives the conversation with the person to another app, which is told to who had it.
func (f *Facebook) Away(user, app string) {
	f.mu.Lock()
	f.users[user].owner = app
	f.mu.Unlock()
	f.control(user, "take_thread_control", map[string]any{"previous_owner_app_id": f.set.AppID, "new_owner_app_id": app, "metadata": ""})
}

// AwayInSilence does it without a word.
func (f *Facebook) AwayInSilence(user, app string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users[user].owner = app
}

// Back gives us the conversation with the person.
func (f *Facebook) Back(user string) {
	f.mu.Lock()
	was := f.users[user].owner
	f.users[user].owner = ""
	f.mu.Unlock()
	f.control(user, "pass_thread_control", map[string]any{"previous_owner_app_id": was, "new_owner_app_id": f.set.AppID, "metadata": ""})
}

// Ask lets another app ask for the conversation.
func (f *Facebook) Ask(user, app string) {
	f.control(user, "request_thread_control", map[string]any{"requested_owner_app_id": app, "metadata": ""})
}

// Secondary says whether our app is another than the page's primary one, which alone may take conversations.
func (f *Facebook) Secondary(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.second = on
}

func (f *Facebook) control(user, what string, value map[string]any) {
	f.Post("messaging", map[string]any{
		"sender": facebookID(user), "recipient": facebookID(f.set.PageID), "timestamp": f.stamp(), what: value,
	})
}

// takeThread is POST /{page-id}/take_thread_control.
func (f *Facebook) takeThread(r *http.Request) facebookAnswer {
	var in facebookOutgoing
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return facebookRefusal(100, 0, "body")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.users[in.Recipient.ID]
	switch {
	case r.PathValue("page") != f.set.PageID || u == nil:
		return facebookRefusal(100, 2018001, "No matching user found")
	case f.second:
		return facebookRefusal(10, 0, "Only the primary receiver may take thread control")
	}
	u.owner = ""
	return facebookAnswer{body: map[string]any{"success": true}}
}

// publicReply is POST /{comment-or-post-id}/comments. The page's own comment is told like any other.
func (f *Facebook) publicReply(r *http.Request) facebookAnswer {
	var in struct {
		Message string `json:"message"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Message == "" {
		return facebookRefusal(100, 0, "message")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	under := r.PathValue("id")
	c := f.comments[under]
	if c == nil || c.removed {
		return facebookRefusal(100, 33, "Object does not exist")
	}
	id := under + "_" + f.id()
	if f.publics == nil {
		f.publics = map[string][]string{}
	}
	f.publics[under] = append(f.publics[under], in.Message)
	f.change()
	now := f.set.Now().Unix()
	return facebookAnswer{body: map[string]any{"id": id}, after: func() {
		f.Post("changes", map[string]any{"field": "feed", "value": map[string]any{
			"item": "comment", "verb": "add", "comment_id": id, "parent_id": under, "post_id": under, "created_time": now,
			"from": map[string]any{"id": f.set.PageID, "name": f.set.Name}, "message": in.Message,
		}})
	}}
}

// Public is what the page wrote in public under a comment or post.
func (f *Facebook) Public(under string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.publics[under])
}
