"""psycopg2 against whatever PGHOST, PGPORT, PGDATABASE and PGUSER say. The argument is how long a connection is kept: statement, transaction or session.

Each test is a function; what it needs beyond a statement is said by @needs. The last line is how many ran.
"""
import io
import sys
import threading

import psycopg2
import psycopg2.errors
import psycopg2.extras

KEPT = ["statement", "transaction", "session"]
TESTS = []


def needs(keeping):
    def of(test):
        TESTS.append((keeping, test))
        return test
    return of


def connect(autocommit=True):
    connection = psycopg2.connect("")
    connection.autocommit = autocommit
    return connection


def run(connection, text, *values):
    cursor = connection.cursor()
    cursor.execute(text, values or None)
    return cursor.fetchall() if cursor.description else cursor.rowcount


@needs("statement")
def values():
    c = connect()
    assert run(c, "select %s, %s, %s, %s", 1, "grüße 'quoted'", [1, 2], None) == [(1, "grüße 'quoted'", [1, 2], None)]
    assert run(c, "select 1; select 2") == [(2,)]
    c.close()


@needs("statement")
def an_error_leaves_the_connection_usable():
    c = connect()
    try:
        run(c, "select nothing_there")
        assert False, "no error"
    except psycopg2.errors.UndefinedColumn as error:
        assert error.diag.sqlstate == "42703"
    assert run(c, "select 1") == [(1,)]
    c.close()


@needs("statement")
def many_in_pages():
    c = connect()
    run(c, "create table py2_many (id int, words text)")
    psycopg2.extras.execute_values(c.cursor(), "insert into py2_many values %s", [(n, str(n)) for n in range(1000)])
    psycopg2.extras.execute_batch(c.cursor(), "update py2_many set words = %s where id = %s", [("x", n) for n in range(200)])
    assert run(c, "select count(*), count(*) filter (where words = 'x') from py2_many") == [(1000, 200)]
    c.close()


@needs("statement")
def copy():
    c = connect()
    run(c, "create table py2_copy (id int, words text)")
    c.cursor().copy_expert("copy py2_copy from stdin", io.StringIO("".join(f"{n}\trow {n}\n" for n in range(10_000))))
    out = io.StringIO()
    c.cursor().copy_expert("copy (select * from py2_copy order by id) to stdout", out)
    assert out.getvalue() == "".join(f"{n}\trow {n}\n" for n in range(10_000))
    try:
        c.cursor().copy_expert("copy py2_copy from stdin", io.StringIO("1\tone\nx\ttwo\n"))
        assert False, "no error"
    except psycopg2.errors.InvalidTextRepresentation:
        pass
    assert run(c, "select count(*) from py2_copy") == [(10_000,)]
    c.close()


@needs("statement")
def cancelled():
    c = connect()
    threading.Timer(0.5, c.cancel).start()
    try:
        run(c, "select pg_sleep(30)")
        assert False, "not cancelled"
    except psycopg2.errors.QueryCanceled:
        pass
    assert run(c, "select 1") == [(1,)]
    c.close()


@needs("statement")
def notices():
    c = connect()
    run(c, "do $$ begin raise notice 'heard'; end $$")
    assert c.notices == ["NOTICE:  heard\n"], c.notices
    c.close()


@needs("transaction")
def transactions():
    c = connect(autocommit=False)
    run(c, "create table py2_steps (id int primary key)")
    c.commit()
    run(c, "insert into py2_steps values (1)")
    run(c, "savepoint one")
    try:
        run(c, "insert into py2_steps values (1)")
        assert False, "no error"
    except psycopg2.errors.UniqueViolation:
        run(c, "rollback to one")
    run(c, "insert into py2_steps values (2)")
    c.commit()
    run(c, "insert into py2_steps values (3)")
    c.rollback()
    assert run(c, "select array_agg(id order by id) from py2_steps") == [([1, 2],)]
    c.commit()
    c.close()


@needs("transaction")
def serializable_for_one_transaction():
    c = connect(autocommit=False)
    c.set_session(isolation_level="SERIALIZABLE", readonly=True)
    assert run(c, "show transaction_isolation") == [("serializable",)]
    try:
        run(c, "create table py2_never (id int)")
        assert False, "no error"
    except psycopg2.errors.ReadOnlySqlTransaction:
        c.rollback()
    c.close()


@needs("transaction")
def server_side_cursor():
    c = connect(autocommit=False)
    with c.cursor("py2_cursor") as cursor:
        cursor.itersize = 100
        cursor.execute("select n from generate_series(1, 1000) n")
        assert sum(row[0] for row in cursor) == 500_500
    c.commit()
    c.close()


@needs("session")
def session_state():
    c = connect()
    run(c, "set work_mem = '11MB'")
    run(c, "create temporary table py2_kept (id int)")
    assert run(c, "show work_mem") == [("11MB",)]
    run(c, "insert into py2_kept values (1)")
    c.reset()
    c.autocommit = True
    assert run(c, "show work_mem") != [("11MB",)]
    c.close()


keeping = KEPT.index(sys.argv[1])
ran = 0
for needed, test in TESTS:
    if KEPT.index(needed) <= keeping:
        print(test.__name__, flush=True)
        test()
        ran += 1
print(ran)
