-- Schema version 19: small parts of an archive are merged; the files of the old ones go when nobody reads them any more.
create table archive_replaced(
  name text primary key,            -- path below the archive's URL
  at_ns integer not null            -- when another part took its place, Unix time
) without rowid;
