// Brings a file of version 1 to the tables of today, in the transaction that opens it: a sidecar that is upgraded finds what its
// predecessor accepted. Version 1 had one row for all of a request's life, and an index for each question. Its content lies apart, as
// large content does today, and stays there. Version 2 never left the developers.

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

export const takeOverVersion1 = `
INSERT INTO requests (seq, id, mode, owner, webhook, fingerprint, attempts, token, created_at, deadline_at, due_at, started_at, error,
    stream_head, stream_last, stream_bytes, payload_bytes)
  SELECT seq, id, mode, owner, webhook, fingerprint, attempts - (state = 'running'), token, created_at, deadline_at, due_at, started_at,
    error, stream_head, stream_last, answer_bytes, payload_bytes
  FROM requests_of_version_1;
INSERT INTO claims (token, started_at, given)
  SELECT token, coalesce(min(started_at), 0), json_group_array(seq) FROM requests_of_version_1 WHERE state = 'running' GROUP BY token;
INSERT INTO endings (seq, outcome, error, token, attempts, started_at, completed_at, remove_at, is_dead, delivery_due_at,
    delivery_attempts, answer_bytes)
  SELECT seq, outcome, error, token, attempts, started_at, completed_at, remove_at, is_dead, delivery_due_at, delivery_attempts,
    answer_bytes
  FROM requests_of_version_1 WHERE state = 'done';
DROP TABLE requests_of_version_1;
UPDATE about SET value = '3' WHERE name = 'schema';
`;
