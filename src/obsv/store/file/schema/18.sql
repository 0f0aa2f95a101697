-- Schema version 18: reports on a schedule are kept, so that each is made and sent once.
create table report(
  id integer primary key autoincrement,
  kind text not null,               -- daily or weekly
  start_ns integer not null, end_ns integer not null, -- the period, Unix time
  made_ns integer not null,
  document text not null,           -- JSON, as `obsv report --format json` prints it
  sent text not null default '[]',  -- JSON array: receivers that accepted it
  unique(kind, end_ns)
);
