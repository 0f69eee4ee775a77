/** Commands that work when pasted against this server; `origin` as the browser sees it. */

export interface ToolCommands {
  tool: string;
  send: string;
  read: string;
}

export const firstTopic = 'real-time-topic';

/** Quotes a word for a POSIX shell where it needs it. */
function quoted(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function sendCommand(origin: string, topic: string): string {
  return [
    `curl -X POST ${quoted(`${origin}/ingest/${encodeURIComponent(topic)}?key=k1`)} \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d '{"hello":"stream"}'`,
  ].join('\n');
}

export function readGroupCommand(bootstrap: string, topic: string): string {
  return `kcat -b ${bootstrap} -X auto.offset.reset=earliest -G first-group ${quoted(topic)}`;
}

export function firstRunTools(origin: string, bootstrap: string): ToolCommands[] {
  const kcatRead = readGroupCommand(bootstrap, firstTopic);
  const url = `${origin}/ingest/${firstTopic}?key=k1`;
  return [
    { tool: 'curl', send: sendCommand(origin, firstTopic), read: kcatRead },
    {
      tool: 'kcat',
      send: `echo 'k1:{"hello":"stream"}' | kcat -b ${bootstrap} -P -t ${firstTopic} -K :`,
      read: kcatRead,
    },
    {
      tool: 'Kafka CLI',
      send: [
        `echo 'k1:{"hello":"stream"}' | kafka-console-producer.sh \\`,
        `  --bootstrap-server ${bootstrap} --topic ${firstTopic} \\`,
        `  --property parse.key=true --property key.separator=:`,
      ].join('\n'),
      read: [
        `kafka-console-consumer.sh --bootstrap-server ${bootstrap} \\`,
        `  --topic ${firstTopic} --group first-group --from-beginning`,
      ].join('\n'),
    },
    {
      tool: 'Node',
      send: [
        `node -e "fetch('${url}', {method: 'POST',`,
        `  headers: {'content-type': 'application/json'}, body: JSON.stringify({hello: 'stream'})`,
        `}).then(r => r.text()).then(console.log)"`,
      ].join('\n'),
      read: kcatRead,
    },
    {
      tool: 'Python',
      send: [
        `python3 -c "import urllib.request as u`,
        `print(u.urlopen(u.Request('${url}', b'{\\"hello\\":\\"stream\\"}',`,
        `  {'content-type': 'application/json'})).read().decode())"`,
      ].join('\n'),
      read: kcatRead,
    },
  ];
}
