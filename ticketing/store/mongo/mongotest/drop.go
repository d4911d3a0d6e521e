package mongotest

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Drop removes the database named in the path of uri, for tests that know the store only through other processes.
func Drop(uri string) error {
	u, err := url.Parse(uri)
	if err != nil {
		return err
	}
	ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
	defer done()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	defer func() { _ = client.Disconnect(ctx) }()
	name := strings.Trim(u.Path, "/")
	if err := client.Database(name).Drop(ctx); err != nil {
		return fmt.Errorf("dropping %s: %w", name, err)
	}
	return nil
}
