package ticketing

import "slices"

// KindSignIn is the setting that says what signing in asks of whom. There is one.
const KindSignIn = "sign-in"

// SignInRules is its document.
type SignInRules struct {
	ID     string `json:"id"`
	Second []Role `json:"second,omitempty"` // who must have a second factor
}

const signInRulesID = "staff"

func shippedSignIn() SignInRules { return SignInRules{ID: signInRulesID} }

type signInSetting struct{ SignInRules }

func (r signInSetting) check(id string, _ setting, _ world) error {
	if id != signInRulesID || r.ID != id {
		return invalid("id", "settings.sign_in_one")
	}
	for _, role := range r.Second {
		if !known(StaffRoles[:], role) {
			return invalid("second", "error.staff_role")
		}
	}
	return nil
}

// Demands says whether administrators ask a second factor of the role.
func (a *Accounts) Demands(r Role) bool {
	return a.Catalog != nil && slices.Contains(a.Catalog.Current().SignIn.Second, r)
}

// Recheck has open sockets looked at: what is demanded has changed.
func (a *Accounts) Recheck() { a.tell("", "") }
