export const RECOVER_HELP = `Usage: npm start -- recover [--dry-run]

Makes broker.db (topics, configs, groups, committed offsets) fit the records in the data folder again,
after it was lost, damaged, or replaced by an older copy. Penstock must be stopped.

 - A damaged broker.db is put aside, and what can still be read of it is taken over.
 - Topics and partitions that it does not know are added from the folders of their records.
 - Topics added so keep all their records (retention.ms=-1), because their configs are lost: set
   them again, for example by kafka-configs --alter.

No record is changed or removed. Committed offsets that are lost make consumers start where their
auto.offset.reset says. Topics that never had a record cannot be found.

  --dry-run  only say what would be done
  --help     this text
`;
