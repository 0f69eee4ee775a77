import { eventually } from '@penstock/testing';
import { expectEqual, expectRefusal, expectTrue, type Capability } from '../check.ts';

export const topicCapabilities: Capability[] = [
  {
    id: 'connect',
    what: 'connects, negotiates versions, sees one broker at an address that works',
    async check({ driver }) {
      expectEqual((await driver.do('cluster', {})).brokers, 1, 'brokers');
    },
  },
  {
    id: 'topics',
    what: 'creates (twice: refused; replication factor 2: refused; bad name: refused), lists, deletes',
    async check(context) {
      const { driver } = context;
      const topic = context.name('topics');
      await driver.do('createTopic', { topic, partitions: 3 });
      await eventually(async () => (await driver.do('topics', {})).names.includes(topic), {
        what: 'the topic in the list',
      });
      expectEqual((await driver.do('partitions', { topic })).count, 3, 'partitions');
      await expectRefusal(
        driver.do('createTopic', { topic, partitions: 3 }),
        /alreadyexists|code36/i,
        'a second topic of the same name',
      );
      await expectRefusal(
        driver.do('createTopic', { topic: `${topic}-r`, partitions: 1, replicas: 2 }),
        /replicationfactor|code38/i,
        'replication factor 2 on one broker',
      );
      await expectRefusal(
        driver.do('createTopic', { topic: `${topic} !`, partitions: 1 }),
        /invalidtopic|attemptedtoperformanoperationonaninvalidtopic|illegal|charactersother/i,
        'a name with a blank',
      );
      await driver.do('deleteTopic', { topic });
      await eventually(async () => !(await driver.do('topics', {})).names.includes(topic), {
        what: 'the end of the topic',
      });
    },
  },
  {
    id: 'add-parts',
    what: 'raises the number of partitions; lowering it is refused',
    async check(context) {
      const { driver } = context;
      const topic = await context.topic('partitions', 3);
      await driver.do('addPartitions', { topic, count: 5 });
      await eventually(async () => (await driver.do('partitions', { topic })).count === 5, {
        what: 'five partitions',
      });
      await expectRefusal(
        driver.do('addPartitions', { topic, count: 2 }),
        /invalidpartitions|invalidnumberofpartitions|numberofpartitions|currentlyhas5|code37|belowcurrent/i,
        'fewer partitions',
      );
    },
  },
  {
    id: 'configs',
    what: "describes all of a topic's configs, changes one, is refused a value that makes no sense",
    async check(context) {
      const { driver } = context;
      const topic = await context.topic('configs', 1, { 'retention.ms': '3600000' });
      const before = (await driver.do('topicConfigs', { topic })).configs;
      expectEqual(before['retention.ms'], '3600000', 'retention.ms as created');
      expectEqual(before['cleanup.policy'], 'delete', 'cleanup.policy');
      expectEqual(before['max.message.bytes'], '1048588', 'max.message.bytes');
      expectTrue('min.insync.replicas' in before, 'min.insync.replicas is described');
      await driver.do('setTopicConfigs', { topic, configs: { 'retention.ms': '7200000' } });
      await eventually(
        async () =>
          (await driver.do('topicConfigs', { topic })).configs['retention.ms'] === '7200000',
        { what: 'retention.ms as altered' },
      );
      await expectRefusal(
        driver.do('setTopicConfigs', { topic, configs: { 'retention.ms': 'soon' } }),
        /invalidconfig|configurationisinvalid|invalidvalue|code40/i,
        'retention.ms=soon',
      );
    },
  },
];
