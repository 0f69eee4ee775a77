// Does with franz-go what each line of standard input asks for: see tools/compat/protocol.ts.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var (
	servers     = os.Args[1]
	member      *kgo.Client
	memberGroup string
	memberLock  sync.Mutex
	assigned    = map[place]bool{}
	rebalances  int
)

func main() {
	serve(func(do string, in request) (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 110*time.Second)
		defer cancel()
		switch do {
		case "produce":
			return produce(ctx, in)
		case "read":
			return read(ctx, in)
		case "join", "poll", "commit", "committed", "seek", "pause", "resume", "leave":
			return asMember(ctx, do, in)
		}
		client, err := kgo.NewClient(kgo.SeedBrokers(servers))
		if err != nil {
			return nil, err
		}
		defer client.Close()
		return administer(ctx, kadm.NewClient(client), do, in)
	})
}

func administer(ctx context.Context, admin *kadm.Client, do string, in request) (any, error) {
	switch do {
	case "hello":
		return object{"version": "1.22.2"}, nil
	case "cluster":
		found, err := admin.ListBrokers(ctx)
		return object{"brokers": len(found)}, err
	case "createTopic":
		configs := map[string]*string{}
		for name, value := range in.Configs {
			configs[name] = kadm.StringPtr(value)
		}
		_, err := admin.CreateTopic(ctx, int32(in.Partitions), int16(max(1, in.Replicas)), configs, in.Topic)
		return object{}, err
	case "topics":
		found, err := admin.ListTopics(ctx)
		return object{"names": found.Names()}, err
	case "partitions":
		found, err := admin.ListTopics(ctx, in.Topic)
		if err == nil {
			err = found[in.Topic].Err
		}
		return object{"count": len(found[in.Topic].Partitions)}, err
	case "addPartitions":
		found, err := admin.UpdatePartitions(ctx, in.Count, in.Topic)
		return object{}, errors.Join(err, found.Error())
	case "deleteTopic":
		_, err := admin.DeleteTopic(ctx, in.Topic)
		return object{}, err
	case "topicConfigs":
		found, err := admin.DescribeTopicConfigs(ctx, in.Topic)
		if err != nil {
			return nil, err
		}
		configs := map[string]string{}
		for _, config := range found[0].Configs {
			configs[config.Key] = config.MaybeValue()
		}
		return object{"configs": configs}, found[0].Err
	case "setTopicConfigs":
		var wanted []kadm.AlterConfig
		for name, value := range in.Configs {
			wanted = append(wanted, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: &value})
		}
		found, err := admin.AlterTopicConfigs(ctx, wanted, in.Topic)
		if err != nil {
			return nil, err
		}
		return object{}, found[0].Err
	case "offsetsFor":
		return offsetsFor(ctx, admin, in)
	case "deleteRecords":
		before := kadm.Offsets{}
		before.AddOffset(in.Topic, in.Partition, in.Before, -1)
		found, err := admin.DeleteRecords(ctx, before)
		if err != nil {
			return nil, err
		}
		one, _ := found.Lookup(in.Topic, in.Partition)
		return object{"low": one.LowWatermark}, one.Err
	case "logDirs":
		found, err := admin.DescribeAllLogDirs(ctx, nil)
		bytes := int64(-1)
		found.Each(func(dir kadm.DescribedLogDir) {
			dir.Topics.Each(func(one kadm.DescribedLogDirPartition) {
				if one.Topic == in.Topic {
					bytes = max(bytes, 0) + one.Size
				}
			})
		})
		return object{"bytes": bytes}, err
	}
	return administerGroups(ctx, admin, do, in)
}

func administerGroups(ctx context.Context, admin *kadm.Client, do string, in request) (any, error) {
	switch do {
	case "groups":
		found, err := admin.ListGroups(ctx)
		return object{"names": found.Groups()}, err
	case "group":
		found, err := admin.DescribeGroups(ctx, in.Group)
		one := found[in.Group]
		return object{"state": one.State, "members": len(one.Members)}, errors.Join(err, one.Err)
	case "deleteGroup":
		_, err := admin.DeleteGroup(ctx, in.Group)
		return object{}, err
	case "groupOffsets":
		found, err := admin.FetchOffsets(ctx, in.Group)
		offsets := []object{}
		found.Each(func(one kadm.OffsetResponse) {
			offsets = append(offsets, object{
				"topic": one.Topic, "partition": one.Partition, "offset": one.At, "metadata": one.Metadata,
			})
		})
		return object{"offsets": offsets}, err
	case "setGroupOffset":
		offsets := kadm.Offsets{}
		offsets.Add(kadm.Offset{
			Topic: in.Topic, Partition: in.Partition, At: in.Offset, LeaderEpoch: -1, Metadata: in.Metadata,
		})
		found, err := admin.CommitOffsets(ctx, in.Group, offsets)
		return object{}, errors.Join(err, found.Error())
	case "deleteGroupOffset":
		wanted := kadm.TopicsSet{}
		wanted.Add(in.Topic, in.Partition)
		found, err := admin.DeleteOffsets(ctx, in.Group, wanted)
		return object{}, errors.Join(err, found.Error())
	}
	return nil, errMissing
}

func offsetsFor(ctx context.Context, admin *kadm.Client, in request) (any, error) {
	var found kadm.ListedOffsets
	var err error
	switch at := fmt.Sprint(in.At); at {
	case "earliest":
		found, err = admin.ListStartOffsets(ctx, in.Topic)
	case "latest":
		found, err = admin.ListEndOffsets(ctx, in.Topic)
	case "max-timestamp":
		found, err = admin.ListMaxTimestampOffsets(ctx, in.Topic)
	default:
		millis, _ := strconv.ParseFloat(at, 64)
		found, err = admin.ListOffsetsAfterMilli(ctx, int64(millis), in.Topic)
	}
	one, _ := found.Lookup(in.Topic, in.Partition)
	return object{"offset": one.Offset}, errors.Join(err, one.Err)
}

func produce(ctx context.Context, in request) (any, error) {
	codec := map[string]kgo.CompressionCodec{
		"": kgo.NoCompression(), "none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[in.Codec]
	acks := map[string]kgo.Acks{
		"": kgo.AllISRAcks(), "all": kgo.AllISRAcks(), "1": kgo.LeaderAck(), "0": kgo.NoAck(),
	}[in.Acks]
	options := []kgo.Opt{
		kgo.SeedBrokers(servers), kgo.ProducerBatchCompression(codec), kgo.RequiredAcks(acks),
		kgo.ProducerLinger(100 * time.Millisecond), kgo.ProducerBatchMaxBytes(50_000_000),
		kgo.BrokerMaxWriteBytes(60_000_000), kgo.AllowAutoTopicCreation(),
	}
	if !in.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	if in.EveryMs > 0 {
		options = append(options, kgo.ProducerLinger(5*time.Millisecond))
	}
	if in.Partition >= 0 {
		options = append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	sent := make([]*kgo.Record, len(in.Records))
	failures := make([]error, len(in.Records))
	for at, record := range in.Records {
		one := &kgo.Record{
			Topic: in.Topic, Partition: max(0, in.Partition),
			Key: decoded(record.Key), Value: decoded(record.Value),
		}
		for _, header := range record.Headers {
			one.Headers = append(one.Headers, kgo.RecordHeader{Key: *header[0], Value: decoded(header[1])})
		}
		if record.Timestamp != nil {
			one.Timestamp = time.UnixMilli(*record.Timestamp)
		}
		sent[at] = one
		client.Produce(ctx, one, func(_ *kgo.Record, err error) { failures[at] = err })
		time.Sleep(time.Duration(in.EveryMs) * time.Millisecond)
	}
	if err := client.Flush(ctx); err != nil {
		return nil, err
	}
	placed := [][]int64{}
	for at, record := range sent {
		if failures[at] != nil {
			return nil, failures[at]
		}
		placed = append(placed, []int64{int64(record.Partition), record.Offset})
	}
	return object{"placed": placed}, nil
}

func read(ctx context.Context, in request) (any, error) {
	offset := kgo.NewOffset()
	switch from := in.From.(type) {
	case float64:
		offset = offset.At(int64(from))
	case string:
		if from == "latest" {
			offset = offset.AtEnd()
		} else {
			offset = offset.AtStart()
		}
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(servers), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{in.Topic: {in.Partition: offset}}),
	)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if in.TimeoutMs == 0 {
		in.TimeoutMs = 15_000
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.TimeoutMs)*time.Millisecond)
	defer cancel()
	records := []object{}
	for len(records) < in.Count && ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			break
		}
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(record *kgo.Record) { records = append(records, asJSON(record)) })
	}
	return object{"records": records}, nil
}

func asMember(ctx context.Context, do string, in request) (any, error) {
	where := place{in.Topic, in.Partition}
	switch do {
	case "join":
		return object{}, join(in)
	case "poll":
		return poll(ctx, in), nil
	case "commit":
		return object{}, commit(ctx, in)
	case "committed":
		found, err := kadm.NewClient(member).FetchOffsets(ctx, memberGroup)
		one, _ := found.Lookup(in.Topic, in.Partition)
		return object{"offset": one.At, "metadata": one.Metadata}, err
	case "seek":
		member.SetOffsets(map[string]map[int32]kgo.EpochOffset{
			where.topic: {where.partition: {Epoch: -1, Offset: in.Offset}},
		})
	case "pause":
		member.PauseFetchPartitions(map[string][]int32{where.topic: {where.partition}})
	case "resume":
		member.ResumeFetchPartitions(map[string][]int32{where.topic: {where.partition}})
	case "leave":
		member.Close()
	}
	return object{}, nil
}

func join(in request) error {
	balancer := kgo.RangeBalancer()
	if in.Strategy == "cooperative" {
		balancer = kgo.CooperativeStickyBalancer()
	}
	session := max(in.SessionTimeoutMs, 6000)
	change := func(has bool, counts int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, changed map[string][]int32) {
			memberLock.Lock()
			defer memberLock.Unlock()
			rebalances += counts
			for topic, partitions := range changed {
				for _, partition := range partitions {
					if has {
						assigned[place{topic, partition}] = true
					} else {
						delete(assigned, place{topic, partition})
					}
				}
			}
		}
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(servers), kgo.ConsumerGroup(in.Group), kgo.ConsumeTopics(in.Topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(),
		kgo.Balancers(balancer), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.SessionTimeout(time.Duration(session) * time.Millisecond),
		kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.OnPartitionsAssigned(change(true, 1)), kgo.OnPartitionsRevoked(change(false, 0)),
		kgo.OnPartitionsLost(change(false, 0)),
	}
	if in.InstanceID != "" {
		options = append(options, kgo.InstanceID(in.InstanceID))
	}
	assigned, rebalances, memberGroup = map[place]bool{}, 0, in.Group
	var err error
	member, err = kgo.NewClient(options...)
	return err
}

func poll(ctx context.Context, in request) any {
	records := []object{}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Ms)*time.Millisecond)
	defer cancel()
	member.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
		records = append(records, asJSON(record))
	})
	memberLock.Lock()
	defer memberLock.Unlock()
	held := [][]any{}
	for one := range assigned {
		held = append(held, []any{one.topic, one.partition})
	}
	sort.Slice(held, func(a, b int) bool { return fmt.Sprint(held[a]) < fmt.Sprint(held[b]) })
	return object{"records": records, "assigned": held, "rebalances": rebalances}
}

func commit(ctx context.Context, in request) error {
	ctx = kgo.PreCommitFnContext(ctx, func(commit *kmsg.OffsetCommitRequest) error {
		for _, topic := range commit.Topics {
			for at := range topic.Partitions {
				topic.Partitions[at].Metadata = &in.Metadata
			}
		}
		return nil
	})
	failure := error(nil)
	offsets := map[string]map[int32]kgo.EpochOffset{
		in.Topic: {in.Partition: {Epoch: -1, Offset: in.Offset}},
	}
	member.CommitOffsetsSync(ctx, offsets, func(
		_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error,
	) {
		failure = err
		if answer != nil {
			failure = errors.Join(err, kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode))
		}
	})
	return failure
}

func asJSON(record *kgo.Record) object {
	headers := [][]any{}
	for _, header := range record.Headers {
		headers = append(headers, []any{header.Key, encoded(header.Value)})
	}
	return object{
		"topic": record.Topic, "partition": record.Partition, "offset": record.Offset,
		"timestamp": record.Timestamp.UnixMilli(),
		"key":       encoded(record.Key), "value": encoded(record.Value), "headers": headers,
	}
}
