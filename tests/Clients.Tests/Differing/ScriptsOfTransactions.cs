using Broker.Clients.Tests.Reaching;
using Broker.PgWire.Messages.Backend;
using static Broker.Clients.Tests.Differing.Step;
using static Broker.Clients.Tests.Differing.Wording;

namespace Broker.Clients.Tests.Differing;

/// <summary>Scripts that rely on their connection to the end of a transaction, or longer.</summary>
internal static class ScriptsOfTransactions
{
    internal static Script[] All =>
    [
        Of("blocks, savepoints and failed blocks",
            Ask(Simple("begin")), Ask(Simple("insert into diff_notes values ('kept not')")), Ask(Simple("savepoint a")),
            Ask(Simple("select 1/0")), Ask(Simple("select 1")), Ask(Simple("rollback to a")), Ask(Simple("select 2")),
            Ask(Simple("release a")), Ask(Simple("select 1/0")), Ask(Simple("commit")), Ask(Simple("begin; begin; rollback; rollback")),
            Ask(Simple("begin; select 1; commit; select 2; begin")), Ask(Simple("rollback and chain")), Ask(Simple("commit and chain")),
            Ask(Simple("commit"))),
        Of("an error between BEGIN and COMMIT of one query",
            Ask(Simple("begin; select 1/0; commit")), Ask(Simple("commit")), Ask(Simple("select 1; begin; select 2")),
            Ask(Simple("select 1/0; rollback")), Ask(Simple("rollback"))),
        Of("transactions by the extended protocol",
            Ask([.. Run("begin"), .. Run("select 1"), Sync]), Ask([.. Run("select 1/0"), .. Run("select 2"), Sync]),
            Ask([.. Run("select 3"), Sync]), Ask([.. Run("rollback"), .. Run("select 4"), Sync]),
            Ask([.. Run("begin"), .. Run("insert into diff_notes values ('x')"), .. Run("rollback"), Sync])),
        Of("portals that outlive their series",
            Ask(Simple("begin")), Ask(Parse("select n from generate_series(1, 5) n", "series"), Bind("p", "series"), Execute(2, "p"), Sync),
            Ask(Execute(1, "p"), Sync), Ask(Simple("select 'between'")), Ask(DescribePortal("p"), Execute(0, "p"), Sync),
            Ask(Simple("commit")), Ask(Execute(1, "p"), Sync), Ask(Bind("", "series"), Execute(), Sync)),
        Of("cursors",
            Ask(Simple("begin; declare c cursor for select n from generate_series(1, 10) n")), Ask(Simple("fetch 3 from c")),
            Ask(Simple("move 2 from c")), Ask([.. Run("fetch all from c"), Sync]), Ask(Simple("close c; fetch 1 from c")),
            Ask(Simple("rollback")), Ask(Simple("fetch 1 from c"))),
        Of("COPY inside a transaction",
            Ask(Simple("begin")), Until<CopyInResponse>(Simple("copy diff_notes from stdin")), Finish(Data("in\n"), Done),
            Ask(Simple("copy diff_notes to stdout")), Until<CopyInResponse>(Simple("copy diff_items from stdin")),
            Finish(Data("x\n"), Done), Ask(Simple("select 1")), Ask(Simple("rollback"))),
        Of("a constraint that is checked at the end",
            Ask(Simple("begin; insert into diff_late values (1), (1)")), Ask(Simple("commit")),
            Ask(Simple("select count(*) from diff_late")),
            Ask([.. Run("begin"), .. Run("insert into diff_late values (2), (2)"), .. Run("commit"), Sync]), Ask(Simple("select 1"))),
        Of("settings inside a transaction",
            Ask(Simple("begin; set datestyle = 'German'")), Ask(Simple("select '2024-02-29'::date")), Ask(Simple("rollback")),
            Ask(Simple("select '2024-02-29'::date")), Ask(Simple("begin; set local datestyle = 'German'")),
            Ask(Simple("select '2024-02-29'::date; commit")), Ask(Simple("select '2024-02-29'::date")),
            Ask(Simple("begin; select set_config('datestyle', 'German', true); savepoint a; set datestyle = 'SQL'; rollback to a")),
            Ask(Simple("commit"))),
        Of("a temporary table that ends with its transaction",
            Ask(Simple("begin; create temporary table diff_temp (id int) on commit drop")),
            Ask(Simple("insert into diff_temp values (1); select * from diff_temp")), Ask(Simple("commit")),
            Ask(Simple("select * from diff_temp"))),
        Of("statements prepared inside a transaction that is rolled back",
            Ask(Simple("begin")), Ask(Parse("select 'survives'", "survivor"), Sync), Ask(Simple("select 1/0")),
            Ask(Bind("", "survivor"), Execute(), Sync), Ask(Simple("rollback")), Ask(Bind("", "survivor"), Execute(), Sync)),
        Of("DEALLOCATE inside a transaction that has failed",
            Ask([Simple("begin"), Parse("select 'mine'", "mine"), Sync]), Ask(Simple("select 1/0")), Ask(Simple("deallocate mine")),
            Ask(Simple("rollback")), Ask(Bind("", "mine"), Execute(), Sync), Ask(Simple("begin; savepoint a")),
            Ask(Simple("deallocate mine")),
            Ask(Simple("rollback to savepoint a")), Ask(Bind("", "mine"), Execute(), Sync), Ask(Simple("rollback"))),
        Of("PREPARE by text inside a transaction",
            Ask(Simple("begin; prepare by_text as select $1::int; execute by_text(5); deallocate by_text; commit")),
            Ask(Simple("execute by_text(6)"))),
        Of("a transaction of two phases that is not allowed",
            Ask(Simple("begin; select 1")), Ask(Simple("prepare transaction 'diff'")), Ask(Simple("select 2"))),
        OfSession("what a session keeps",
            Ask(Simple("create temporary table diff_kept (id int)")), Ask(Simple("insert into diff_kept values (1)")),
            Ask(Simple("select count(*) from diff_kept")), Ask(Simple("set work_mem = '7MB'")), Ask(Simple("show work_mem")),
            Ask(Simple("prepare kept as select 'kept'")), Ask(Simple("execute kept")), Ask(Bind("", "kept"), Execute(), Sync),
            Ask(Simple("select pg_advisory_lock(7)")), Ask(Simple("select pg_advisory_unlock(7)")),
            Ask(Simple("begin; declare h cursor with hold for select 1; commit")), Ask(Simple("fetch all from h")),
            Ask(Simple("select set_config('diff.own', 'v', false)")), Ask(Simple("show diff.own")), Ask(Simple("discard all")),
            Ask(Simple("select count(*) from diff_kept")), Ask(Simple("execute kept"))),
        OfSession("notifications to oneself",
            Ask(Simple("listen diff_channel")), Ask(Simple("notify diff_channel, 'one'")),
            Ask(Simple("begin; notify diff_channel, 'two'; notify diff_channel, 'three'")), Ask(Simple("commit")),
            Ask(Simple("unlisten *; notify diff_channel"))),
    ];

    private static Script Of(string name, params Step[] steps) => new(name, Keeping.Transaction, [.. steps]);

    private static Script OfSession(string name, params Step[] steps) => new(name, Keeping.Session, [.. steps]);
}
