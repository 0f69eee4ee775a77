package main

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// A member of a group, which sarama calls with its records; they wait here until they are asked for.
type groupMember struct {
	lock       sync.Mutex
	client     sarama.Client
	group      sarama.ConsumerGroup
	name       string
	session    sarama.ConsumerGroupSession
	records    []object
	rebalances int
	stop       context.CancelFunc
	stopped    chan struct{}
}

var member *groupMember

func asMember(do string, in request) (any, error) {
	switch do {
	case "join":
		return object{}, join(in)
	case "poll":
		return member.poll(in), nil
	case "commit":
		return object{}, member.commit(in)
	case "committed":
		return member.committed(in)
	case "pause":
		member.group.Pause(map[string][]int32{in.Topic: {in.Partition}})
	case "resume":
		member.group.Resume(map[string][]int32{in.Topic: {in.Partition}})
	case "leave":
		member.stop()
		<-member.stopped
		return object{}, member.group.Close()
	default:
		return nil, errMissing
	}
	return object{}, nil
}

func join(in request) error {
	config := settings()
	config.Consumer.Group.Session.Timeout = time.Duration(max(in.SessionTimeoutMs, 6000)) * time.Millisecond
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{
		sarama.NewBalanceStrategyRange(),
	}
	config.Consumer.Group.InstanceId = in.InstanceID
	client, err := sarama.NewClient(servers, config)
	if err != nil {
		return err
	}
	group, err := sarama.NewConsumerGroupFromClient(in.Group, client)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(background)
	member = &groupMember{
		client: client, group: group, name: in.Group, stop: stop, stopped: make(chan struct{}),
	}
	go func(own *groupMember) {
		defer close(own.stopped)
		for ctx.Err() == nil {
			if err := group.Consume(ctx, in.Topics, own); err != nil {
				time.Sleep(100 * time.Millisecond)
			}
		}
	}(member)
	return nil
}

func (m *groupMember) Setup(session sarama.ConsumerGroupSession) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.session = session
	m.rebalances++
	return nil
}

func (m *groupMember) Cleanup(sarama.ConsumerGroupSession) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.session = nil
	return nil
}

func (m *groupMember) ConsumeClaim(
	session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim,
) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			m.lock.Lock()
			m.records = append(m.records, asJSON(message))
			m.lock.Unlock()
		case <-session.Context().Done():
			return nil
		}
	}
}

func (m *groupMember) poll(in request) any {
	deadline := time.Now().Add(time.Duration(in.Ms) * time.Millisecond)
	for {
		time.Sleep(20 * time.Millisecond)
		m.lock.Lock()
		if len(m.records) > 0 || time.Now().After(deadline) {
			break
		}
		m.lock.Unlock()
	}
	defer m.lock.Unlock()
	records := m.records
	if records == nil {
		records = []object{}
	}
	m.records = nil
	assigned := [][]any{}
	if m.session != nil {
		for topic, partitions := range m.session.Claims() {
			sort.Slice(partitions, func(a, b int) bool { return partitions[a] < partitions[b] })
			for _, partition := range partitions {
				assigned = append(assigned, []any{topic, partition})
			}
		}
	}
	return object{"records": records, "assigned": assigned, "rebalances": m.rebalances}
}

func (m *groupMember) commit(in request) error {
	m.session.MarkOffset(in.Topic, in.Partition, in.Offset, in.Metadata)
	m.session.Commit()
	return nil
}

func (m *groupMember) committed(in request) (any, error) {
	admin, err := sarama.NewClusterAdmin(servers, settings())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	found, err := admin.ListConsumerGroupOffsets(m.name, map[string][]int32{in.Topic: {in.Partition}})
	if err != nil {
		return nil, err
	}
	block := found.GetBlock(in.Topic, in.Partition)
	return object{"offset": block.Offset, "metadata": block.Metadata}, nil
}
