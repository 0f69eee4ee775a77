// Does with sarama what each line of standard input asks for: see tools/compat/protocol.ts.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

var servers = []string{os.Args[1]}

func settings() *sarama.Config {
	config := sarama.NewConfig()
	config.ClientID = "compat"
	config.Version = sarama.V4_0_0_0
	config.Admin.Timeout = 30 * time.Second
	config.Metadata.RefreshFrequency = time.Second
	config.Metadata.Retry.Max = 60
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Return.Errors = false
	config.Consumer.Fetch.Default = 10_000_000
	config.Producer.Return.Successes = true
	config.Producer.Return.Errors = true
	config.Producer.MaxMessageBytes = 50_000_000
	sarama.MaxRequestSize = 60_000_000
	return config
}

func main() {
	serve(func(do string, in request) (any, error) {
		switch do {
		case "produce":
			return produce(in)
		case "read":
			return read(in)
		case "offsetsFor":
			return offsetsFor(in)
		case "join", "poll", "commit", "committed", "seek", "pause", "resume", "leave":
			return asMember(do, in)
		}
		admin, err := sarama.NewClusterAdmin(servers, settings())
		if err != nil {
			return nil, err
		}
		defer admin.Close()
		return administer(admin, do, in)
	})
}

func administer(admin sarama.ClusterAdmin, do string, in request) (any, error) {
	switch do {
	case "hello":
		return object{"version": "1.61.1"}, nil
	case "cluster":
		found, _, err := admin.DescribeCluster()
		return object{"brokers": len(found)}, err
	case "createTopic":
		configs := map[string]*string{}
		for name, value := range in.Configs {
			configs[name] = &value
		}
		return object{}, admin.CreateTopic(in.Topic, &sarama.TopicDetail{
			NumPartitions: int32(in.Partitions), ReplicationFactor: int16(max(1, in.Replicas)),
			ConfigEntries: configs,
		}, false)
	case "topics":
		found, err := admin.ListTopics()
		names := []string{}
		for name := range found {
			names = append(names, name)
		}
		return object{"names": names}, err
	case "partitions":
		found, err := admin.DescribeTopics([]string{in.Topic})
		if err != nil {
			return nil, err
		}
		if found[0].Err != sarama.ErrNoError {
			return nil, found[0].Err
		}
		return object{"count": len(found[0].Partitions)}, nil
	case "addPartitions":
		return object{}, admin.CreatePartitions(in.Topic, int32(in.Count), nil, false)
	case "deleteTopic":
		return object{}, admin.DeleteTopic(in.Topic)
	case "topicConfigs":
		found, err := admin.DescribeConfig(sarama.ConfigResource{
			Type: sarama.TopicResource, Name: in.Topic,
		})
		configs := map[string]string{}
		for _, entry := range found {
			configs[entry.Name] = entry.Value
		}
		return object{"configs": configs}, err
	case "setTopicConfigs":
		wanted := map[string]sarama.IncrementalAlterConfigsEntry{}
		for name, value := range in.Configs {
			wanted[name] = sarama.IncrementalAlterConfigsEntry{
				Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value,
			}
		}
		err := admin.IncrementalAlterConfig(sarama.TopicResource, in.Topic, wanted, false)
		return object{}, err
	case "logDirs":
		return logDirs(admin, in)
	case "deleteRecords":
		err := admin.DeleteRecords(in.Topic, map[int32]int64{in.Partition: in.Before})
		if err != nil {
			return nil, err
		}
		in.At = "earliest"
		found, err := offsetsFor(in)
		if err != nil {
			return nil, err
		}
		return object{"low": found.(object)["offset"]}, nil
	}
	return administerGroups(admin, do, in)
}

func administerGroups(admin sarama.ClusterAdmin, do string, in request) (any, error) {
	switch do {
	case "groups":
		found, err := admin.ListConsumerGroups()
		names := []string{}
		for name := range found {
			names = append(names, name)
		}
		return object{"names": names}, err
	case "group":
		found, err := admin.DescribeConsumerGroups([]string{in.Group})
		if err != nil {
			return nil, err
		}
		return object{"state": found[0].State, "members": len(found[0].Members)}, nil
	case "deleteGroup":
		return object{}, admin.DeleteConsumerGroup(in.Group)
	case "groupOffsets":
		found, err := admin.ListConsumerGroupOffsets(in.Group, nil)
		if err != nil {
			return nil, err
		}
		offsets := []object{}
		for topic, partitions := range found.Blocks {
			for partition, block := range partitions {
				offsets = append(offsets, object{
					"topic": topic, "partition": partition, "offset": block.Offset,
					"metadata": block.Metadata,
				})
			}
		}
		return object{"offsets": offsets}, nil
	case "setGroupOffset":
		return object{}, markOffset(in.Group, in)
	case "deleteGroupOffset":
		return object{}, admin.DeleteConsumerGroupOffset(in.Group, in.Topic, in.Partition)
	}
	return nil, errMissing
}

func logDirs(admin sarama.ClusterAdmin, in request) (any, error) {
	brokers, _, err := admin.DescribeCluster()
	if err != nil {
		return nil, err
	}
	found, err := admin.DescribeLogDirs([]int32{brokers[0].ID()})
	bytes := int64(-1)
	for _, dirs := range found {
		for _, dir := range dirs {
			for _, topic := range dir.Topics {
				if topic.Topic != in.Topic {
					continue
				}
				for _, partition := range topic.Partitions {
					bytes = max(bytes, 0) + partition.Size
				}
			}
		}
	}
	return object{"bytes": bytes}, err
}

// The offset manager is how sarama commits for a group that it is not a member of.
func markOffset(group string, in request) error {
	client, err := sarama.NewClient(servers, settings())
	if err != nil {
		return err
	}
	defer client.Close()
	manager, err := sarama.NewOffsetManagerFromClient(group, client)
	if err != nil {
		return err
	}
	partition, err := manager.ManagePartition(in.Topic, in.Partition)
	if err != nil {
		return err
	}
	partition.MarkOffset(in.Offset, in.Metadata)
	manager.Commit()
	partition.AsyncClose()
	return manager.Close()
}

func offsetsFor(in request) (any, error) {
	client, err := sarama.NewClient(servers, settings())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var at int64
	switch text := fmt.Sprint(in.At); text {
	case "earliest":
		at = sarama.OffsetOldest
	case "latest":
		at = sarama.OffsetNewest
	case "max-timestamp":
		return nil, errMissing
	default:
		millis, _ := strconv.ParseFloat(text, 64)
		at = int64(millis)
	}
	offset, err := client.GetOffset(in.Topic, in.Partition, at)
	return object{"offset": offset}, err
}

func produce(in request) (any, error) {
	config := settings()
	config.Producer.Compression = map[string]sarama.CompressionCodec{
		"": sarama.CompressionNone, "none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP,
		"snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	}[in.Codec]
	config.Producer.RequiredAcks = map[string]sarama.RequiredAcks{
		"": sarama.WaitForAll, "all": sarama.WaitForAll, "1": sarama.WaitForLocal, "0": sarama.NoResponse,
	}[in.Acks]
	config.Producer.Partitioner = sarama.NewHashPartitioner
	if in.Partition >= 0 {
		config.Producer.Partitioner = sarama.NewManualPartitioner
	}
	config.Producer.Retry.Max = 100
	if in.Idempotent {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	config.Producer.Flush.Frequency = 50 * time.Millisecond
	producer, err := sarama.NewAsyncProducer(servers, config)
	if err != nil {
		return nil, err
	}
	placed := make([][]int64, len(in.Records))
	failed := make(chan error, 1)
	go func() {
		left := len(in.Records)
		var failure error
		for left > 0 {
			select {
			case message := <-producer.Successes():
				placed[message.Metadata.(int)] = []int64{int64(message.Partition), message.Offset}
			case problem := <-producer.Errors():
				failure = problem.Err
			}
			left--
		}
		failed <- failure
	}()
	for at, record := range in.Records {
		producer.Input() <- message(in, record, at)
		time.Sleep(time.Duration(in.EveryMs) * time.Millisecond)
	}
	failure := <-failed
	producer.AsyncClose()
	return object{"placed": placed}, failure
}

func message(in request, record record, at int) *sarama.ProducerMessage {
	one := &sarama.ProducerMessage{Topic: in.Topic, Partition: in.Partition, Metadata: at}
	if record.Key != nil {
		one.Key = sarama.ByteEncoder(decoded(record.Key))
	}
	if record.Value != nil {
		one.Value = sarama.ByteEncoder(decoded(record.Value))
	}
	if record.Timestamp != nil {
		one.Timestamp = time.UnixMilli(*record.Timestamp)
	}
	for _, header := range record.Headers {
		one.Headers = append(one.Headers, sarama.RecordHeader{
			Key: []byte(*header[0]), Value: decoded(header[1]),
		})
	}
	return one
}

func read(in request) (any, error) {
	consumer, err := sarama.NewConsumer(servers, settings())
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	offset := sarama.OffsetOldest
	switch from := in.From.(type) {
	case float64:
		offset = int64(from)
	case string:
		if from == "latest" {
			offset = sarama.OffsetNewest
		}
	}
	partition, err := consumer.ConsumePartition(in.Topic, in.Partition, offset)
	if err != nil {
		return nil, err
	}
	defer partition.AsyncClose()
	if in.TimeoutMs == 0 {
		in.TimeoutMs = 15_000
	}
	over := time.After(time.Duration(in.TimeoutMs) * time.Millisecond)
	records := []object{}
	for len(records) < in.Count {
		select {
		case message := <-partition.Messages():
			records = append(records, asJSON(message))
		case <-over:
			return object{"records": records}, nil
		}
	}
	return object{"records": records}, nil
}

func asJSON(message *sarama.ConsumerMessage) object {
	headers := [][]any{}
	for _, header := range message.Headers {
		headers = append(headers, []any{string(header.Key), encoded(header.Value)})
	}
	return object{
		"topic": message.Topic, "partition": message.Partition, "offset": message.Offset,
		"timestamp": message.Timestamp.UnixMilli(),
		"key":       encoded(message.Key), "value": encoded(message.Value), "headers": headers,
	}
}

var background = context.Background()
