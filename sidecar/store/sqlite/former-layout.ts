// Brings a file of version 1 to the tables of today, in the transaction that opens it: a sidecar that is upgraded finds what its
// predecessor accepted. Version 1 had an index for each question; what those answered is read from the rows.

export const putAsideVersion1 = `
DROP INDEX waiting;
DROP INDEX delayed;
DROP INDEX leases;
DROP INDEX deadlines;
DROP INDEX retained;
DROP INDEX dead_letters;
DROP INDEX deliveries;
ALTER TABLE requests RENAME TO requests_of_version_1;
`;

const columns = `seq, id, state, mode, owner, webhook, fingerprint, attempts, token, created_at, deadline_at, due_at, started_at,
  completed_at, remove_at, outcome, error, is_dead, delivery_due_at, delivery_attempts, stream_head, stream_last, payload_bytes,
  answer_bytes`;

export const takeOverVersion1 = `
INSERT INTO requests (${columns}) SELECT ${columns} FROM requests_of_version_1;
DROP TABLE requests_of_version_1;
UPDATE about SET value = '2' WHERE name = 'schema';
`;
