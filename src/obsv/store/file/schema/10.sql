-- Schema version 10: service levels. Their counts outlive the calls.
create table slo_bucket(
  slo text not null, version text not null, -- of its definition: one that is changed is counted anew
  bucket integer not null,          -- Unix time of the calls' starts / 5 min
  good integer not null, total integer not null,
  primary key(slo, version, bucket)
) without rowid;
