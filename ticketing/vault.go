package ticketing

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing/text"
)

// The kinds of record the vault keeps.
const (
	kindCitizen = "citizen" // id: CitizenID
	kindContact = "contact" // id: keyed hash of a contact; doc: whose it is, where that is not plain from the hash
)

// Contact is one way to reach a person: a channel and her id there. A phone number is {Phone, "+84905123182"}.
type Contact struct {
	Channel Channel
	ID      string
}

// PhoneContact is the contact of a telephone number.
func PhoneContact(p text.Phone) Contact { return Contact{Channel: Phone, ID: p.E164()} }

// Vault keeps who the citizens are apart from what they wrote. Each field is sealed with AES-256-GCM under a key
// derived from the vault's key, bound to the person and the field, so that a value cannot be moved to another row.
// A contact is found again by a keyed hash; the number itself is in no index.
type Vault struct {
	records Records
	aead    cipher.AEAD
	secrets cipher.AEAD
	lookup  []byte
	guesses guesses // at other people's codes
	Now     func() time.Time
}

// NewVault needs 32 random bytes that outlive the data. Lost, every name and number is lost.
func NewVault(records Records, key []byte, now func() time.Time) (*Vault, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("the vault's key must be 32 bytes, not %d", len(key))
	}
	seal, err := hkdf.Key(sha256.New, key, nil, "hotline1022 vault fields", 32)
	if err != nil {
		return nil, err
	}
	lookup, err := hkdf.Key(sha256.New, key, nil, "hotline1022 vault look-up", 32)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(seal)
	if err != nil {
		return nil, err
	}
	seal, err = hkdf.Key(sha256.New, key, nil, "hotline1022 vault secrets", 32)
	if err != nil {
		return nil, err
	}
	secrets, err := gcm(seal)
	if err != nil {
		return nil, err
	}
	return &Vault{records: records, aead: aead, secrets: secrets, lookup: lookup, Now: now}, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Seal hides what a record must keep but nobody may read beside it: a channel's tokens, the address of a citizen's
// picture. It opens only under the same name, so that one secret cannot be put in another's place.
func (v *Vault) Seal(name string, plain []byte) []byte {
	nonce := make([]byte, v.secrets.NonceSize(), v.secrets.NonceSize()+len(plain)+v.secrets.Overhead())
	rand.Read(nonce) // never fails: crypto/rand ends the program instead
	return v.secrets.Seal(nonce, nonce, plain, []byte(name))
}

// Unseal opens what Seal made under the same name.
func (v *Vault) Unseal(name string, box []byte) ([]byte, error) {
	n := v.secrets.NonceSize()
	if len(box) < n {
		return nil, fmt.Errorf("the secret %s is cut", name)
	}
	plain, err := v.secrets.Open(nil, box[:n], box[n:], []byte(name))
	if err != nil {
		return nil, fmt.Errorf("the secret %s cannot be opened; is the vault's key the right one? %w", name, err)
	}
	return plain, nil
}

// kindMark is the record a vault knows its own data by.
const kindMark = "vault"

// Check holds the key against the data: under another key no name could be opened, and a citizen who writes again
// would become a second person. The first vault over the data leaves a mark; a later one must be able to open it.
func (v *Vault) Check(ctx context.Context) error {
	const id, says = "mark", "hotline1022"
	r, err := v.records.Get(ctx, kindMark, id)
	if errors.Is(err, ErrNotFound) {
		doc, err := json.Marshal(v.Seal(id, []byte(says)))
		if err != nil {
			return err
		}
		err = v.records.Put(ctx, Record{Kind: kindMark, ID: id, Version: 1, At: v.Now(), By: "hotline", Doc: doc})
		if errors.Is(err, ErrConflict) { // another process was first
			return v.Check(ctx)
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("reading the vault's mark: %w", err)
	}
	var box []byte
	if err := json.Unmarshal(r.Doc, &box); err != nil {
		return fmt.Errorf("the vault's mark: %w", err)
	}
	if plain, err := v.Unseal(id, box); err != nil || string(plain) != says {
		return errors.New("the vault's key is not the one this data was written with: put the right one back (HOTLINE_VAULT_KEY, or keys/vault.key in the data folder)")
	}
	return nil
}

// mac is a keyed hash of the parts; nobody without the key can make it or try numbers against it.
func (v *Vault) mac(parts ...string) []byte {
	h := hmac.New(sha256.New, v.lookup)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

// Mac is a keyed hash for a channel's own use, such as a reference that only we can have made. purpose keeps one use's
// hashes apart from another's.
func (v *Vault) Mac(purpose string, parts ...string) []byte {
	return v.mac(append([]string{"mac", purpose}, parts...)...)
}

var idAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func (v *Vault) hash(c Contact) string {
	return idAlphabet.EncodeToString(v.mac("contact", string(c.Channel), c.ID)[:15])
}

// Identify is whose contact it is. An unknown contact has an id too: the one its first message will get, so that two
// processes that meet a new citizen at the same moment agree without asking each other.
func (v *Vault) Identify(ctx context.Context, c Contact) (CitizenID, error) {
	h := v.hash(c)
	r, err := v.records.Get(ctx, kindContact, h)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && r.Deleted():
		return CitizenID(h), nil
	case err != nil:
		return "", err
	}
	var doc struct{ Citizen CitizenID }
	if err := json.Unmarshal(r.Doc, &doc); err != nil {
		return "", fmt.Errorf("contact record %s: %w", h, err)
	}
	return doc.Citizen, nil
}

// Link makes a further contact the same person's. It answers ErrConflict if the contact is somebody's already.
func (v *Vault) Link(ctx context.Context, id CitizenID, c Contact, by string) error {
	doc, err := json.Marshal(struct{ Citizen CitizenID }{id})
	if err != nil {
		return err
	}
	err = v.records.Put(ctx, Record{Kind: kindContact, ID: v.hash(c), Version: 1, At: v.Now(), By: by, Doc: doc})
	if errors.Is(err, ErrConflict) {
		if owner, e := v.Identify(ctx, c); e == nil && owner == id {
			return nil
		}
	}
	return err
}

// Person is the citizen as known now. ErrNotFound.
func (v *Vault) Person(ctx context.Context, id CitizenID) (Person, int, error) {
	r, err := v.records.Get(ctx, kindCitizen, string(id))
	if err != nil {
		return Person{}, 0, err
	}
	if r.Deleted() {
		return Person{}, r.Version, ErrNotFound
	}
	p, err := v.open(id, r.Doc)
	return p, r.Version, err
}

// People are those of the citizens who are known.
func (v *Vault) People(ctx context.Context, ids []CitizenID) (map[CitizenID]Person, error) {
	keys := make([]string, 0, len(ids))
	for _, id := range ids {
		if id != "" && !slices.Contains(keys, string(id)) {
			keys = append(keys, string(id))
		}
	}
	rs, err := v.records.GetAll(ctx, kindCitizen, keys)
	if err != nil {
		return nil, err
	}
	people := make(map[CitizenID]Person, len(rs))
	for id, r := range rs {
		if people[CitizenID(id)], err = v.open(CitizenID(id), r.Doc); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// Merge is the record that adds what was learnt now to what is known; ok is false when there is nothing new.
func (v *Vault) Merge(ctx context.Context, id CitizenID, learnt Person, by string) (r Record, ok bool, err error) {
	p, version, err := v.Person(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Record{}, false, err
	}
	if err == nil && !p.learn(learnt) {
		return Record{}, false, nil
	}
	if errors.Is(err, ErrNotFound) {
		p = learnt
	}
	return v.record(id, p, version, by)
}

// Speak is the record by which the person is spoken to in the language, whatever was held of it before; ok is false when
// it is so already, or nobody is known by the id (any more).
func (v *Vault) Speak(ctx context.Context, id CitizenID, lang, by string) (r Record, ok bool, err error) {
	p, version, err := v.Person(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && p.Lang == lang {
		return Record{}, false, nil
	}
	if err != nil {
		return Record{}, false, err
	}
	p.Lang = lang
	return v.record(id, p, version, by)
}

// record is the version of a person after the one given.
func (v *Vault) record(id CitizenID, p Person, version int, by string) (Record, bool, error) {
	doc, err := v.seal(id, p)
	if err != nil {
		return Record{}, false, err
	}
	return Record{Kind: kindCitizen, ID: string(id), Version: version + 1, At: v.Now(), By: by, Doc: doc}, true, nil
}

// Erase forgets the person: all versions. Tickets keep an id that leads nowhere.
func (v *Vault) Erase(ctx context.Context, id CitizenID) error {
	return v.records.Erase(ctx, kindCitizen, string(id), 0)
}

// The sealed form: field name → nonce and ciphertext.
type sealed map[string][]byte

func (v *Vault) seal(id CitizenID, p Person) ([]byte, error) {
	s := sealed{}
	put := func(field, value string) {
		if value == "" {
			return
		}
		nonce := make([]byte, v.aead.NonceSize(), v.aead.NonceSize()+len(value)+v.aead.Overhead())
		rand.Read(nonce) // never fails: crypto/rand ends the program instead
		s[field] = v.aead.Seal(nonce, nonce, []byte(value), []byte(string(id)+"/"+field))
	}
	put("name", p.Name)
	put("also", strings.Join(p.Also, "\n"))
	put("phone", p.Phone)
	put("email", p.Email)
	put("address", p.Address)
	put("lang", p.Lang)
	for ch, at := range p.At {
		put("at."+string(ch), at)
	}
	return json.Marshal(s)
}

func (v *Vault) open(id CitizenID, doc []byte) (Person, error) {
	var s sealed
	if err := json.Unmarshal(doc, &s); err != nil {
		return Person{}, fmt.Errorf("vault record of %s: %w", id, err)
	}
	p := Person{}
	for field, box := range s {
		if len(box) < v.aead.NonceSize() {
			return Person{}, fmt.Errorf("vault record of %s: %s is cut", id, field)
		}
		n := v.aead.NonceSize()
		plain, err := v.aead.Open(nil, box[:n], box[n:], []byte(string(id)+"/"+field))
		if err != nil {
			return Person{}, fmt.Errorf("vault record of %s: %s cannot be opened; is the key the right one? %w", id, field, err)
		}
		switch value := string(plain); {
		case field == "name":
			p.Name = value
		case field == "also":
			p.Also = strings.Split(value, "\n")
		case field == "phone":
			p.Phone = value
		case field == "email":
			p.Email = value
		case field == "address":
			p.Address = value
		case field == "lang":
			p.Lang = value
		case strings.HasPrefix(field, "at."):
			if p.At == nil {
				p.At = map[Channel]string{}
			}
			p.At[Channel(strings.TrimPrefix(field, "at."))] = value
		}
	}
	return p, nil
}
