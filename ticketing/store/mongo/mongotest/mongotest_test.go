package mongotest_test

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"hotline1022/ticketing/store/mongo/mongotest"
	"hotline1022/ticketing/testenv"
)

// The two promises everything else stands on: an _id is there once, and so is a uniquely indexed value.
func TestTheServerRefusesDuplicates(t *testing.T) {
	uri, stop, err := mongotest.Start()
	if err != nil {
		testenv.Missing(t, "mongo", err.Error())
	}
	defer stop()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.Background())
	db := client.Database("mongotest")
	defer db.Drop(context.Background())
	journal := db.Collection("journal")

	unique := mongo.IndexModel{Keys: bson.D{{Key: "key", Value: 1}}, Options: options.Index().SetUnique(true)}
	if _, err := journal.Indexes().CreateOne(ctx, unique); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.InsertOne(ctx, bson.M{"_id": 1, "key": "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.InsertOne(ctx, bson.M{"_id": int64(1), "key": "b"}); !mongo.IsDuplicateKeyError(err) {
		t.Errorf("the same _id again: %v", err)
	}
	if _, err := journal.InsertOne(ctx, bson.M{"_id": 2, "key": "a"}); !mongo.IsDuplicateKeyError(err) {
		t.Errorf("the same key again: %v", err)
	}
	if n, err := journal.CountDocuments(ctx, bson.M{}); err != nil || n != 1 {
		t.Errorf("%d documents, %v; want 1", n, err)
	}
}

func TestTheServerIsGoneAfterStop(t *testing.T) {
	t.Setenv(mongotest.ServerVariable, "")
	uri, stop, err := mongotest.Start()
	if err != nil {
		testenv.Missing(t, "mongo", err.Error())
	}
	stop()
	address, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", address.Host); err == nil {
		c.Close()
		t.Errorf("%s still listens", uri)
	}
}

func TestAnErrorSaysWhatToDo(t *testing.T) {
	t.Setenv(mongotest.ServerVariable, "")
	for name, binary := range map[string]string{
		"missing":        filepath.Join(t.TempDir(), "none"),
		"something else": "/bin/echo",
	} {
		t.Setenv(mongotest.BinaryVariable, binary)
		_, _, err := mongotest.Start()
		if err == nil || !strings.Contains(err.Error(), mongotest.How) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
