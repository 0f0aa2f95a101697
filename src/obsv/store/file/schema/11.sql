-- Schema version 11: what changed can be told. A service that names no version has one by the sources of its functions,
-- and the first time that a value was of some form is kept.

-- The source of each function in a version, where versions are told apart by it: the latest versions of a service.
create table version_code(
  version_id integer not null,
  name text not null,               -- of the function
  digest blob not null,             -- of its source text; empty: several functions have that name
  primary key(version_id, name)
) without rowid;

-- The forms that a variable's values had, with the call in which each was first seen.
create table value_form(
  process_id integer not null, name text not null, data_type text not null,
  form text not null,               -- None, a number, text, empty …; '= ' and the value, of variables with few values
  first_ns integer not null,        -- start of that call, Unix time
  primary key(process_id, name, data_type, form)
) without rowid;
