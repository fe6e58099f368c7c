using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>One broker on one database with everything that may not travel in a group.</summary>
public sealed class TravelFixture : IAsyncLifetime
{
    private const string Schema = """
        create table plain (id int primary key, note text, at timestamptz default now());
        insert into plain select i, 'note ' || i from generate_series(1, 100) i;
        create table written (id int, at timestamptz default now());
        create function stamp() returns timestamptz language plpgsql volatile as 'begin return now(); end';
        create function quiet() returns timestamptz language plpgsql stable as 'begin return now(); end';
        create view over_function as select quiet() as at;
        create table guarded (owner text, at timestamptz default now());
        alter table guarded enable row level security;
        create table audited (id int, at timestamptz default now());
        create function audit() returns trigger language plpgsql as 'begin return new; end';
        create trigger audit before insert on audited for each row execute function audit();
        create table ruled (id int, at timestamptz default now());
        create rule noted as on update to ruled do also select 1;
        create table defaulted (id int, at timestamptz default stamp());
        create table checked (id int check (stamp() is not null), at timestamptz default now());
        create sequence numbers;
        """;

    internal PackingBroker Broker { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Broker = await PackingBroker.StartAsync(Schema);
        await Broker.WarmAsync(Reads);
        await Broker.WarmAsync(Writes);
    }

    /// <summary>Two reads that share a trip.</summary>
    internal static string[] Reads => ["select now(), note from plain where id = 1", "select now(), id from plain where id = 2"];

    /// <summary>Two writes that share a trip.</summary>
    internal static string[] Writes => ["insert into written values (1) returning at", "insert into written values (2) returning at"];

    public async Task DisposeAsync() => await Broker.DisposeAsync();
}
