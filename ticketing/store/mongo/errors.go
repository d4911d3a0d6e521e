package mongo

import (
	"context"
	"errors"
	"fmt"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"hotline1022/ticketing"
)

// duplicateKey is the one code the store's promises rest on.
const duplicateKey = 11000

// notPrimary are the codes of a server that is stepping down or shutting down: somebody else will answer soon.
var notPrimary = [...]int{91, 189, 10058, 10107, 11600, 11602, 13435, 13436}

// away gives an error of the driver the meaning callers know: a server that cannot be reached is ErrBusy, a document
// that is not there ErrNotFound. What the server really said stays in the chain, for the log.
func away(err error) error {
	switch {
	case err == nil, errors.Is(err, ticketing.ErrBusy), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, driver.ErrNoDocuments):
		return fmt.Errorf("%w: %w", ticketing.ErrNotFound, err)
	case driver.IsNetworkError(err), driver.IsTimeout(err), errors.Is(err, driver.ErrClientDisconnected),
		errors.As(err, new(topology.ServerSelectionError)), errors.As(err, new(topology.ConnectionError)),
		errors.As(err, new(topology.PoolError)), errors.As(err, new(topology.WaitQueueTimeoutError)), errors.As(err, new(retryable)):
		return fmt.Errorf("%w: %w", ticketing.ErrBusy, err)
	}
	if said := driver.ServerError(nil); errors.As(err, &said) {
		for _, code := range notPrimary {
			if said.HasErrorCode(code) {
				return fmt.Errorf("%w: %w", ticketing.ErrBusy, err)
			}
		}
	}
	return err
}

// retryable is what the driver's own, unnamed error of a cleared connection pool answers to: another operation met the
// server's going away just before.
type retryable interface{ Retryable() bool }

// refusedAt reads the answer to an ordered insert: at is the place of the one document that was refused, and every
// document before it is stored. Any other failure leaves nothing known, and ok is false.
func refusedAt(err error) (at, code int, ok bool) {
	var answer driver.BulkWriteException
	if !errors.As(err, &answer) || answer.WriteConcernError != nil || len(answer.WriteErrors) != 1 {
		return 0, 0, false
	}
	return answer.WriteErrors[0].Index, answer.WriteErrors[0].Code, true
}

// onlyDuplicates says whether nothing is wrong with an unordered insert but that some documents were there already.
func onlyDuplicates(err error) bool {
	var answer driver.BulkWriteException
	if !errors.As(err, &answer) || answer.WriteConcernError != nil {
		return false
	}
	for _, refused := range answer.WriteErrors {
		if refused.Code != duplicateKey {
			return false
		}
	}
	return true
}
