-- Schema version 27: an address of the app can be saved under a name, for everyone who reads the store.
create table saved_view(
  id integer primary key,
  name text not null unique collate nocase,
  path text not null,               -- of a page, below the root that a proxy may give it
  query text not null,              -- JSON: [[name, value], …], decoded, so that forgetting finds what somebody typed
  saved_by text not null,           -- a user, or a program
  saved_ns integer not null         -- Unix time
);
