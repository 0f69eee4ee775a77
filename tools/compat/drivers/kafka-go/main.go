// Does with segmentio/kafka-go what each line of standard input asks for: see tools/compat/protocol.ts.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/segmentio/kafka-go"
)

var background = context.Background()

var client = &kafka.Client{Addr: kafka.TCP(os.Args[1]), Timeout: 30 * time.Second}

func main() {
	serve(func(do string, in request) (any, error) {
		switch do {
		case "hello":
			return object{"version": "0.4.51"}, nil
		case "produce":
			return produce(in)
		case "read":
			return read(in)
		case "offsetsFor":
			return offsetsFor(in)
		case "createTopic", "deleteTopic", "addPartitions":
			return object{}, change(do, in)
		case "cluster", "topics", "partitions":
			return look(do, in)
		}
		return nil, errMissing
	})
}

func change(do string, in request) error {
	switch do {
	case "createTopic":
		configs := []kafka.ConfigEntry{}
		for name, value := range in.Configs {
			configs = append(configs, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
		}
		answer, err := client.CreateTopics(background, &kafka.CreateTopicsRequest{
			Topics: []kafka.TopicConfig{{
				Topic: in.Topic, NumPartitions: in.Partitions,
				ReplicationFactor: max(1, in.Replicas), ConfigEntries: configs,
			}},
		})
		if err != nil {
			return err
		}
		return answer.Errors[in.Topic]
	case "deleteTopic":
		answer, err := client.DeleteTopics(background, &kafka.DeleteTopicsRequest{
			Topics: []string{in.Topic},
		})
		if err != nil {
			return err
		}
		return answer.Errors[in.Topic]
	default:
		answer, err := client.CreatePartitions(background, &kafka.CreatePartitionsRequest{
			Topics: []kafka.TopicPartitionsConfig{{Name: in.Topic, Count: int32(in.Count)}},
		})
		if err != nil {
			return err
		}
		return answer.Errors[in.Topic]
	}
}

func look(do string, in request) (any, error) {
	wanted := &kafka.MetadataRequest{}
	if do == "partitions" {
		wanted.Topics = []string{in.Topic}
	}
	found, err := client.Metadata(background, wanted)
	if err != nil {
		return nil, err
	}
	switch do {
	case "cluster":
		return object{"brokers": len(found.Brokers)}, nil
	case "partitions":
		return object{"count": len(found.Topics[0].Partitions)}, found.Topics[0].Error
	default:
		names := []string{}
		for _, topic := range found.Topics {
			names = append(names, topic.Name)
		}
		return object{"names": names}, nil
	}
}

var codecs = map[string]kafka.Compression{
	"": 0, "none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
}

func produce(in request) (any, error) {
	if in.Partition < 0 || in.Idempotent || in.EveryMs > 0 {
		return nil, errMissing
	}
	acks := kafka.RequireAll
	if in.Acks == "0" {
		acks = kafka.RequireNone
	} else if in.Acks == "1" {
		acks = kafka.RequireOne
	}
	records := []kafka.Record{}
	for _, record := range in.Records {
		at := time.Now()
		if record.Timestamp != nil {
			at = time.UnixMilli(*record.Timestamp)
		}
		headers := []kafka.Header{}
		for _, header := range record.Headers {
			headers = append(headers, kafka.Header{Key: *header[0], Value: decoded(header[1])})
		}
		records = append(records, kafka.Record{
			Time: at, Key: kafka.NewBytes(decoded(record.Key)), Value: kafka.NewBytes(decoded(record.Value)),
			Headers: headers,
		})
	}
	answer, err := client.Produce(background, &kafka.ProduceRequest{
		Topic: in.Topic, Partition: int(in.Partition), RequiredAcks: acks,
		Records: kafka.NewRecordReader(records...), Compression: codecs[in.Codec],
	})
	if err != nil {
		return nil, err
	}
	if acks == kafka.RequireNone {
		return object{"placed": [][2]int64{}}, nil
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	placed := [][2]int64{}
	for i := range records {
		placed = append(placed, [2]int64{int64(in.Partition), answer.BaseOffset + int64(i)})
	}
	return object{"placed": placed}, nil
}

func offsetsFor(in request) (any, error) {
	wanted := kafka.OffsetRequest{Partition: int(in.Partition)}
	switch at := in.At.(type) {
	case float64:
		wanted.Timestamp = int64(at)
	case string:
		switch at {
		case "earliest":
			wanted.Timestamp = kafka.FirstOffset
		case "latest":
			wanted.Timestamp = kafka.LastOffset
		default:
			return nil, errMissing
		}
	}
	answer, err := client.ListOffsets(background, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{in.Topic: {wanted}},
	})
	if err != nil {
		return nil, err
	}
	found := answer.Topics[in.Topic][0]
	if found.Error != nil {
		return nil, found.Error
	}
	switch wanted.Timestamp {
	case kafka.FirstOffset:
		return object{"offset": found.FirstOffset}, nil
	case kafka.LastOffset:
		return object{"offset": found.LastOffset}, nil
	}
	for offset := range found.Offsets {
		return object{"offset": offset}, nil
	}
	return object{"offset": -1}, nil
}

// Reads as most programs do, by the Reader: it goes on behind the last record it got.
func read(in request) (any, error) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{os.Args[1]}, Topic: in.Topic, Partition: int(in.Partition),
		MinBytes: 1, MaxBytes: 10_000_000, MaxWait: 100 * time.Millisecond,
	})
	defer reader.Close()
	offset := kafka.FirstOffset
	switch from := in.From.(type) {
	case float64:
		offset = int64(from)
	case string:
		if from == "latest" {
			offset = kafka.LastOffset
		}
	}
	if err := reader.SetOffset(offset); err != nil {
		return nil, err
	}
	if in.TimeoutMs == 0 {
		in.TimeoutMs = 15_000
	}
	limit, cancel := context.WithTimeout(background, time.Duration(in.TimeoutMs)*time.Millisecond)
	defer cancel()
	records := []object{}
	for len(records) < in.Count {
		message, err := reader.ReadMessage(limit)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		records = append(records, asJSON(message))
	}
	return object{"records": records}, nil
}

func asJSON(message kafka.Message) object {
	headers := [][]any{}
	for _, header := range message.Headers {
		headers = append(headers, []any{header.Key, encoded(header.Value)})
	}
	return object{
		"topic": message.Topic, "partition": message.Partition, "offset": message.Offset,
		"timestamp": message.Time.UnixMilli(),
		"key":       encoded(message.Key), "value": encoded(message.Value), "headers": headers,
	}
}
