/** What clients differ in, beyond whole calls that they do not have. */
export type Trait =
  | 'timestamps'
  | 'headers'
  | 'null header values'
  | 'equal header names'
  | 'null keys and values apart from empty ones'
  | 'empty headers'
  | 'idempotence'
  | 'acks=0'
  | 'static membership'
  | 'cooperative rebalancing'
  | 'commit metadata'
  | 'metadata of altered offsets'
  | 'pausing'
  | 'seeking'
  | 'manual commits'
  | 'group members'
  | 'offsets of what it sent';
