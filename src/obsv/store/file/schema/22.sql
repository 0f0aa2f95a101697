-- Schema version 22: a search for a text passes over blocks of calls that cannot contain it (`store/ground/blocks.py`).
create table block_group(
  last_id integer primary key,      -- of span: every call that was there from first_id to this one is in a block
  first_id integer not null,
  calls integer not null,           -- how many
  edges blob not null               -- span.id of the first call of each block and after the last, 8 bytes each, and 4 bytes
                                    -- of checksum
);
create table block_part(
  id integer primary key,           -- block_group.last_id * 128 + number of the part
  slices blob not null
);
create trigger block_group_gone after delete on block_group begin
  delete from block_part where id between old.last_id * 128 and old.last_id * 128 + 127;
end;
