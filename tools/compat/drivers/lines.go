package main

// The loop of a driver in Go, copied beside each of them: one request per line in, one answer per line out.

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
)

type object = map[string]any

type place struct {
	topic     string
	partition int32
}

type record struct {
	Key       *string      `json:"key"`
	Value     *string      `json:"value"`
	Headers   [][2]*string `json:"headers"`
	Timestamp *int64       `json:"timestamp"`
}

// All parameters of all requests.
type request struct {
	ID               int               `json:"id"`
	Do               string            `json:"do"`
	Topic            string            `json:"topic"`
	Topics           []string          `json:"topics"`
	Partition        int32             `json:"partition"`
	Partitions       int               `json:"partitions"`
	Replicas         int               `json:"replicas"`
	Configs          map[string]string `json:"configs"`
	Count            int               `json:"count"`
	Records          []record          `json:"records"`
	Codec            string            `json:"codec"`
	Acks             string            `json:"acks"`
	Idempotent       bool              `json:"idempotent"`
	EveryMs          int               `json:"everyMs"`
	From             any               `json:"from"`
	At               any               `json:"at"`
	TimeoutMs        int               `json:"timeoutMs"`
	Group            string            `json:"group"`
	InstanceID       string            `json:"instanceId"`
	Strategy         string            `json:"strategy"`
	SessionTimeoutMs int               `json:"sessionTimeoutMs"`
	Ms               int               `json:"ms"`
	Offset           int64             `json:"offset"`
	Metadata         string            `json:"metadata"`
	Before           int64             `json:"before"`
}

// The client has no such call.
var errMissing = errors.New("no such call")

func serve(run func(do string, in request) (any, error)) {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var in request
		if err := json.Unmarshal(line, &in); err != nil {
			_ = answers.Encode(object{"id": in.ID, "error": err.Error()})
			continue
		}
		out, err := run(in.Do, in)
		switch {
		case errors.Is(err, errMissing):
			_ = answers.Encode(object{"id": in.ID, "missing": err.Error()})
		case err != nil:
			_ = answers.Encode(object{"id": in.ID, "error": err.Error()})
		default:
			_ = answers.Encode(object{"id": in.ID, "ok": out})
		}
	}
}

func decoded(text *string) []byte {
	if text == nil {
		return nil
	}
	bytes, _ := base64.StdEncoding.DecodeString(*text)
	if bytes == nil {
		return []byte{}
	}
	return bytes
}

func encoded(bytes []byte) any {
	if bytes == nil {
		return nil
	}
	return base64.StdEncoding.EncodeToString(bytes)
}
