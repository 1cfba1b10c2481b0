package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/mailstamp/mailstamp/db/span"
)

// tracer ties a job to the trace of what made it necessary: it is carried in the job's metadata, since arguments say what is
// to be done and nothing else.
type tracer struct{ river.MiddlewareDefaults }

// carried is the part of a job's metadata that is ours.
type carried struct {
	Trace map[string]string `json:"trace,omitempty"`
}

func (*tracer) InsertMany(ctx context.Context, jobs []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	if trace := span.Carry(ctx); len(trace) > 0 {
		for _, job := range jobs {
			metadata := map[string]json.RawMessage{}
			if len(job.Metadata) > 0 {
				if err := json.Unmarshal(job.Metadata, &metadata); err != nil {
					return nil, fmt.Errorf("read a job's metadata: %w", err)
				}
			}
			var err error
			if metadata["trace"], err = json.Marshal(trace); err != nil {
				return nil, fmt.Errorf("write a job's trace: %w", err)
			}
			if job.Metadata, err = json.Marshal(metadata); err != nil {
				return nil, fmt.Errorf("write a job's metadata: %w", err)
			}
		}
	}
	return insert(ctx)
}

func (*tracer) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
	var from carried
	if err := json.Unmarshal(job.Metadata, &from); err == nil { // else it begins a trace of its own
		ctx = span.Continue(ctx, from.Trace)
	}
	ctx, step := span.Start(ctx, "job "+job.Kind, span.Int("mailstamp.job", job.ID), span.Int("mailstamp.attempt", job.Attempt))
	err := work(ctx)
	if errors.Is(err, &rivertype.JobSnoozeError{}) {
		step.End(nil) // it goes on later
	} else {
		step.End(err)
	}
	return err
}
