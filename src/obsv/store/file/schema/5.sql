-- Schema version 5: alerts. Their states and messages are in the file, so that a restart neither forgets nor repeats.
-- No secret is ever here: a message is what is told, not where to.

-- An alert is a rule with one set of labels.
create table alert(
  fingerprint text primary key,     -- of rule and labels, hex
  rule text not null,
  labels text not null,             -- JSON object, names sorted
  state text not null,              -- pending, firing, recovering, resolved
  since_ns integer not null,        -- when it took this state, Unix time like all below
  starts_ns integer not null,       -- when it last began to fire; 0: never
  ends_ns integer not null,         -- when that was resolved; 0: not yet
  episode integer not null,         -- how many times it has begun to fire
  value real,
  severity text not null,
  summary text not null,
  link text not null,               -- path in the app; empty: none
  notified_ns integer not null      -- last message of this episode; 0: none
) without rowid;

create table alert_event(
  id integer primary key autoincrement,
  at_ns integer not null,
  fingerprint text not null, rule text not null, labels text not null,
  state text not null,              -- what it became; inactive: pending no more
  value real,
  summary text not null
);
create index alert_event_by_time on alert_event(at_ns);

-- The outbox. A message is written in the transaction that changes the state, and its id never changes.
create table notification(
  id text primary key,
  notifier text not null,           -- name of the receiver
  event text not null,              -- firing, repeat, resolved, test
  fingerprint text not null, rule text not null,
  body text not null,               -- JSON: the alert as it was
  created_ns integer not null,
  state text not null,              -- waiting, sent, failed
  attempts integer not null,
  next_ns integer not null,         -- when to try
  done_ns integer not null          -- 0: not yet
) without rowid;
create index notification_waiting on notification(created_ns) where state = 'waiting';
create index notification_by_time on notification(created_ns);
create index notification_by_alert on notification(fingerprint, created_ns);

create table notification_attempt(
  id integer primary key autoincrement,
  notification_id text not null,
  at_ns integer not null, took_ns integer not null,
  status integer,                   -- of HTTP or SMTP; null: there was no answer
  answer text not null              -- its first 200 characters, or what went wrong
);
create index notification_attempt_by_notification on notification_attempt(notification_id, at_ns);

create table silence(
  id text primary key,              -- UUID
  matchers text not null,           -- JSON array of {"name", "value", "isRegex", "isEqual"}
  starts_ns integer not null, ends_ns integer not null,
  created_by text not null, comment text not null,
  updated_ns integer not null
) without rowid;

-- Who evaluates; other processes wait.
create table lease(name text primary key, owner text not null, until_ns integer not null) without rowid;

-- How far calls have been looked at.
create table alert_cursor(name text primary key, position integer not null) without rowid;

create table alert_rule(
  name text primary key, kind text not null,
  evaluated_ns integer not null, took_ns integer not null,
  error text not null,              -- of the last evaluation; empty: none
  left_out integer not null         -- sets of labels beyond those that are watched
) without rowid;
