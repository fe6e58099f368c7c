"""psycopg 3 against whatever PGHOST, PGPORT, PGDATABASE and PGUSER say. The argument is how long a connection is kept: statement, transaction or session.

Each test is a function; what it needs beyond a statement is said by @needs. The last line is how many ran.
"""
import asyncio
import sys
import threading
import time

import psycopg

KEPT = ["statement", "transaction", "session"]
TESTS = []


def needs(keeping):
    def of(test):
        TESTS.append((keeping, test))
        return test
    return of


def connect(**more):
    return psycopg.connect(autocommit=True, **more)


@needs("statement")
def values():
    with connect() as c:
        row = c.execute("select %s, %s, %s, %s::text[], %s", (1, "grüße", 1.5, ["a", "b"], None)).fetchone()
        assert row == (1, "grüße", 1.5, ["a", "b"], None), row
        assert c.execute("select 1 where false").fetchall() == []


@needs("statement")
def binary():
    with connect() as c:
        cursor = c.cursor(binary=True)
        assert cursor.execute("select %b::bytea, %b::int8", (b"\0\1\xff", 2**40)).fetchone() == (b"\0\1\xff", 2**40)


@needs("statement")
def prepared_at_once_and_thrown_away():
    with connect(prepare_threshold=0) as c:
        c.prepared_max = 3
        for turn in range(3):
            for n in range(8):
                assert c.execute(f"select %s + {n}", (turn,)).fetchone() == (turn + n,)


@needs("statement")
def prepared_after_five():
    with connect() as c:
        for n in range(20):
            assert c.execute("select %s::int * 2", (n,)).fetchone() == (2 * n,)


@needs("statement")
def pipeline():
    with connect() as c:
        c.execute("create table py3_pipeline (id int primary key)")
        with c.pipeline():
            cursors = [c.execute("insert into py3_pipeline values (%s) returning id", (n,)) for n in range(50)]
            assert [cursor.fetchone()[0] for cursor in cursors] == list(range(50))
        assert c.execute("select count(*) from py3_pipeline").fetchone() == (50,)


@needs("statement")
def pipeline_with_an_error():
    with connect() as c:
        c.execute("create table py3_errors (id int primary key)")
        try:
            with c.pipeline() as p:
                c.execute("insert into py3_errors values (1)")
                p.sync()
                c.execute("insert into py3_errors values (1)")
                c.execute("insert into py3_errors values (2)")
                p.sync()
                c.execute("insert into py3_errors values (3)")
            assert False, "no error"
        except (psycopg.errors.UniqueViolation, psycopg.errors.PipelineAborted):
            pass
        assert c.execute("select 7").fetchone() == (7,)
        assert (1,) in c.execute("select id from py3_errors").fetchall()
        assert (2,) not in c.execute("select id from py3_errors").fetchall()


@needs("statement")
def many():
    with connect() as c:
        c.execute("create table py3_many (id int, words text)")
        c.cursor().executemany("insert into py3_many values (%s, %s)", [(n, str(n)) for n in range(200)])
        assert c.execute("select count(*) from py3_many").fetchone() == (200,)


@needs("statement")
def copy():
    with connect() as c:
        c.execute("create table py3_copy (id int, words text)")
        with c.cursor().copy("copy py3_copy from stdin") as copy:
            for n in range(10_000):
                copy.write_row((n, f"row {n}"))
        with c.cursor().copy("copy (select * from py3_copy order by id) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text"])
            assert [row for row in copy.rows()] == [(n, f"row {n}") for n in range(10_000)]
        try:
            with c.cursor().copy("copy py3_copy from stdin") as copy:
                copy.write_row((1, "x"))
                raise ZeroDivisionError
        except (ZeroDivisionError, psycopg.errors.QueryCanceled):
            pass
        assert c.execute("select count(*) from py3_copy").fetchone() == (10_000,)


@needs("statement")
def cancelled():
    with connect() as c:
        threading.Timer(0.5, c.cancel).start()
        try:
            c.execute("select pg_sleep(30)")
            assert False, "not cancelled"
        except psycopg.errors.QueryCanceled:
            pass
        assert c.execute("select 1").fetchone() == (1,)


@needs("statement")
def notices():
    with connect() as c:
        heard = []
        c.add_notice_handler(lambda notice: heard.append(notice.message_primary))
        c.execute("do $$ begin raise notice 'heard'; end $$")
        assert heard == ["heard"], heard


@needs("statement")
def at_once():
    async def one(n):
        async with await psycopg.AsyncConnection.connect(autocommit=True) as c:
            for turn in range(10):
                row = await (await c.execute("select %s::int, %s::int", (n, turn))).fetchone()
                assert row == (n, turn)

    async def all_of_them():
        await asyncio.gather(*[one(n) for n in range(30)])

    asyncio.run(all_of_them())


@needs("transaction")
def transactions():
    with psycopg.connect() as c:
        c.execute("create table py3_steps (id int primary key)")
        c.commit()
        with c.transaction():
            c.execute("insert into py3_steps values (1)")
            try:
                with c.transaction():
                    c.execute("insert into py3_steps values (1)")
            except psycopg.errors.UniqueViolation:
                pass
            c.execute("insert into py3_steps values (2)")
        c.execute("insert into py3_steps values (3)")
        c.rollback()
        assert c.execute("select array_agg(id order by id) from py3_steps").fetchone() == ([1, 2],)
        c.commit()


@needs("transaction")
def pipelined_transaction():
    with psycopg.connect() as c:
        with c.pipeline(), c.transaction():
            c.execute("create table py3_pipelined (id int)")
            first = c.execute("insert into py3_pipelined values (1) returning id")
            second = c.execute("select count(*) from py3_pipelined")
            assert first.fetchone() == (1,)
            assert second.fetchone() == (1,)


@needs("transaction")
def server_side_cursor():
    with psycopg.connect() as c:
        with c.cursor("py3_cursor") as cursor:
            cursor.itersize = 100
            cursor.execute("select n from generate_series(1, 1000) n")
            assert sum(row[0] for row in cursor) == 500_500


@needs("session")
def session_state():
    with connect() as c:
        c.execute("set work_mem = '11MB'")
        c.execute("create temporary table py3_kept (id int)")
        assert c.execute("show work_mem").fetchone() == ("11MB",)
        c.execute("insert into py3_kept values (1)")
        assert c.execute("select pg_advisory_lock(42), pg_advisory_unlock(42)").fetchone() == ("", True)


@needs("session")
def notifications():
    with connect() as c, connect() as other:
        c.execute("listen py3_channel")
        other.execute("notify py3_channel, 'heard'")
        until = time.monotonic() + 20
        for notify in c.notifies():
            assert (notify.channel, notify.payload) == ("py3_channel", "heard")
            break
        assert time.monotonic() < until


keeping = KEPT.index(sys.argv[1])
ran = 0
for needed, test in TESTS:
    if KEPT.index(needed) <= keeping:
        print(test.__name__, flush=True)
        test()
        ran += 1
print(ran)
