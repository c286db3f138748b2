-- What keeps this user from loading bars: the rights that are missing, on stock_data and on the
-- sequences that its columns are numbered by.
select
    current_user as role,
    array(
        select wanted.name
        from unnest(array['select', 'insert', 'update']) with ordinality as wanted (name, place)
        where exists (
            select
            from pg_attribute as held
            where
                held.attrelid = to_regclass('stock_data')
                and held.attname = any(
                    case
                        when wanted.name = 'update' then %(touched)s::text[]
                        else %(columns)s::text[]
                    end
                )
                and not held.attisdropped
                and not has_column_privilege(held.attrelid, held.attnum, wanted.name)
        )
        order by wanted.place
    ) as rights,
    array(
        select numbered.objid::regclass::text as name
        from pg_depend as numbered
        inner join pg_sequence as of on numbered.objid = of.seqrelid
        where
            numbered.classid = 'pg_class'::regclass
            and numbered.refobjid = to_regclass('stock_data')
            and numbered.deptype = 'a'
            and not has_sequence_privilege(of.seqrelid, 'USAGE')
        order by name
    ) as sequences
