-- Schema version 21: each part of an archive has its own address: an archive may go on elsewhere, and all of it is read.
alter table archive_part add column url text not null default ''; -- of its archive; empty: not known, that archive is off
alter table archive_replaced add column url text not null default '';
update archive_part set url = coalesce((select url from archive), '');
update archive_replaced set url = coalesce((select url from archive), '');
