using System.Collections.Frozen;

namespace Broker.Statements;

/// <summary>
/// The list of functions that may travel in groups. Naming them, instead of believing what the catalogue declares, keeps
/// out what is declared stable and yet tells of the session or transaction (pg_current_xact_id, pg_stat_get_activity),
/// or runs SQL of its own (table_to_xml, or pg_input_is_valid with the checks of a type that only a string names), and whatever later
/// versions bring.
/// </summary>
internal static class ShippedFunctions
{
    private static readonly FrozenSet<string> Harmless = Keywords.Words(
        """
        abs acos acosd acosh age area array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims
        array_position array_positions array_prepend array_remove array_replace array_reverse array_sort array_to_json array_to_string
        array_to_tsvector array_upper ascii asin asind asinh atan atan2 atan2d atand atanh avg bit_and bit_count bit_length bit_or
        bit_xor bool_and bool_or bound_box box broadcast btrim cardinality casefold cbrt ceil ceiling center char_length
        character_length chr circle col_description concat concat_ws convert convert_from convert_to corr cos cosd cosh cot cotd count
        covar_pop covar_samp crc32 crc32c cume_dist current_database current_schema current_schemas current_user date date_add
        date_bin date_part date_subtract date_trunc datemultirange daterange decode degrees dense_rank diagonal diameter div encode
        enum_first enum_last enum_range erf erfc every exp extract factorial family first_value float4 float8 floor format format_type
        gamma gcd generate_series generate_subscripts get_bit get_byte get_current_ts_config has_any_column_privilege
        has_column_privilege has_database_privilege has_function_privilege has_schema_privilege has_sequence_privilege
        has_table_privilege has_type_privilege height host hostmask inet_merge inet_same_family initcap int2 int4 int4multirange
        int4range int8 int8multirange int8range interval is_normalized isclosed isempty isfinite ishorizontal isopen isparallel
        isperp isvertical json_agg json_agg_strict json_array_elements json_array_elements_text json_array_length json_build_array
        json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object json_object_agg
        json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict json_object_keys json_populate_record
        json_populate_recordset json_strip_nulls json_to_record json_to_recordset json_to_tsvector json_typeof jsonb_agg
        jsonb_agg_strict jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object
        jsonb_concat jsonb_contained jsonb_contains jsonb_delete jsonb_delete_path jsonb_each jsonb_each_text jsonb_exists
        jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg
        jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict jsonb_object_keys jsonb_path_exists
        jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz
        jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset
        jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_to_tsvector jsonb_typeof
        justify_days justify_hours justify_interval lag last_value lcm lead left length lgamma like line ln log log10 lower lower_inc
        lower_inf lpad lseg ltrim macaddr8_set7bit make_date make_interval make_time make_timestamp make_timestamptz masklen max md5
        min min_scale mod mode multirange name netmask network normalize notlike now npoints nth_value ntile num_nonnulls num_nulls
        numeric nummultirange numnode numrange obj_description octet_length overlaps overlay parse_ident path pclose percent_rank
        percentile_cont percentile_disc pg_client_encoding pg_collation_for pg_column_size pg_get_constraintdef pg_get_expr
        pg_get_functiondef pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_indexdef
        pg_get_keywords pg_get_serial_sequence pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role
        pg_size_bytes pg_size_pretty pg_table_is_visible pg_type_is_visible pg_function_is_visible pg_typeof phraseto_tsquery pi
        plainto_tsquery point polygon popen position pow power querytree quote_ident quote_literal quote_nullable radians radius
        range_agg range_intersect_agg range_merge rank regexp_count regexp_instr regexp_like regexp_match regexp_matches
        regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2
        regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right round row_number row_to_json rpad rtrim scale session_user
        set_bit set_byte set_masklen setweight sha224 sha256 sha384 sha512 shobj_description sign similar_escape similar_to_escape sin
        sind sinh slope split_part sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array
        string_to_table strip strpos substr substring sum tan tand tanh text timezone to_ascii to_bin to_char to_date to_hex to_json
        to_jsonb to_number to_oct to_regclass to_regnamespace to_regproc to_regprocedure to_regrole to_regtype to_timestamp to_tsquery
        to_tsvector transaction_timestamp translate trim_array trim_scale trunc ts_delete ts_filter ts_headline ts_rank ts_rank_cd
        tsmultirange tsquery_phrase tsrange tstzmultirange tstzrange tsvector_to_array unicode_assigned unistr unnest upper upper_inc
        upper_inf uuid_extract_timestamp uuid_extract_version var_pop var_samp variance version websearch_to_tsquery width
        width_bucket xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xmlagg xmlcomment xmlexists xpath
        xpath_exists
        bool bpchar char varchar bit varbit bytea cidr inet macaddr macaddr8 money oid regclass time timetz timestamp timestamptz
        uuid xid xid8 xml json jsonb
        """);

    private static readonly FrozenSet<string> InWritesToo =
        Keywords.Words("nextval clock_timestamp gen_random_uuid uuidv4 uuidv7");

    // volatile, or telling of the session, and yet the session is the same when they are done: no reset is needed
    private static readonly FrozenSet<string> LeaveNothing = Keywords.Words(
        """
        random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 nextval setval currval lastval current_query
        current_setting pg_sleep pg_sleep_for pg_sleep_until pg_notify pg_advisory_xact_lock pg_advisory_xact_lock_shared
        pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_backend_pid pg_cancel_backend pg_terminate_backend
        pg_current_xact_id pg_current_xact_id_if_assigned pg_current_snapshot pg_xact_status pg_xact_commit_timestamp
        pg_last_committed_xact txid_current txid_current_if_assigned txid_current_snapshot txid_status pg_is_in_recovery
        pg_postmaster_start_time pg_conf_load_time pg_current_wal_lsn pg_current_wal_flush_lsn pg_current_wal_insert_lsn
        pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size
        pg_database_size pg_tablespace_size pg_blocking_pids pg_lock_status pg_stat_get_activity pg_show_all_settings
        pg_prepared_statement pg_partition_tree pg_partition_ancestors inet_client_addr inet_client_port inet_server_addr
        inet_server_port lo_from_bytea lo_get lo_put lo_create lo_unlink
        """);

    // of the server's own distribution and its most used companion: C code declared immutable or stable, types with it
    private static readonly FrozenSet<string> Extensions = Keywords.Words(
        "citext hstore ltree pg_trgm unaccent fuzzystrmatch intarray cube seg isn btree_gin btree_gist pgcrypto uuid-ossp vector");

    /// <summary>Whether the extension's types, and its functions that are not volatile, are as harmless as the server's.</summary>
    public static bool Ships(string? extension) => extension is not null && Extensions.Contains(extension);

    /// <summary>
    /// Whether <paramref name="function"/> may be called by a member of a group, of a write group if <paramref name="write"/>.
    /// </summary>
    public static bool MayTravel(FunctionAnswer function, bool write)
    {
        if (function.IsUserDefined)
        {
            return Ships(function.Extension)
                && (function.Volatility != Volatility.Volatile || (write && function.Extension == "uuid-ossp"));
        }

        return function.Name.IsSystem
            && ((function.Volatility != Volatility.Volatile && Harmless.Contains(function.Name.Name))
                || (write && InWritesToo.Contains(function.Name.Name)));
    }

    /// <summary>
    /// Whether the session is sure to be as before after <paramref name="function"/>, so that an errand with it needs no reset.
    /// </summary>
    public static bool LeavesNothing(FunctionAnswer function) =>
        MayTravel(function, write: true)
        || (!function.IsUserDefined && function.Name.IsSystem && LeaveNothing.Contains(function.Name.Name))
        || function is { IsUserDefined: false, Name.Schema: "information_schema" };
}
