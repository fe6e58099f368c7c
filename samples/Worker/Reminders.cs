using System.Runtime.CompilerServices;
using Akka.Hosting;
using Broker.Client.Executing;
using Broker.Client.Hosting;
using Broker.Client.Sessions;
using Broker.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Worker;

/// <summary>
/// Background work: a letter for each invoice that nobody was reminded of. Each invoice is a unit of work with a session of its own, some
/// of them at a time; what fails takes nothing of the others with it.
/// </summary>
public static class Reminders
{
    /// <summary>The tables, for a first run.</summary>
    public const string Schema = """
        create table if not exists invoices (id bigint generated always as identity primary key, customer text not null, reminded boolean not null);
        create table if not exists letters (id bigint generated always as identity primary key, invoice_id bigint not null references invoices, text text not null);
        """;

    /// <summary>The host, with the broker before the database of ConnectionStrings:invoices.</summary>
    public static IHost Build(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddAkka("worker", akka => akka.WithBroker(options => options.Hocon(
            $"broker.databases.invoices {{ connection-string = \"{builder.Configuration.GetConnectionString("invoices")}\" }}")));
        builder.Services.AddBrokerClient().AddBrokerSessions("invoices", executor: new() { Concurrency = 8 });
        return builder.Build();
    }

    /// <summary>Writes the letters that are due, and hands them out in the order of their invoices, each when it is committed.</summary>
    public static async IAsyncEnumerable<Letter> WriteAsync(IServiceProvider services,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var due = await DueAsync(services.GetRequiredService<SessionFactory>(), cancellation);
        await foreach (var letter in services.GetRequiredService<SessionExecutor>().MapAsync(due, RemindAsync, cancellation))
        {
            if (letter is not null)
            {
                yield return letter;
            }
        }
    }

    private static async Task<IReadOnlyList<long>> DueAsync(SessionFactory sessions, CancellationToken cancellation)
    {
        await using var session = sessions.Open();
        return await session.QueryAsync<long>($"select id from invoices where not reminded order by id", cancellation);
    }

    /// <summary>One unit of work; it is committed when it returns. Null when another worker was quicker.</summary>
    private static async Task<Letter?> RemindAsync(Session session, long id)
    {
        var invoice = await session.GetOneAsync<Invoice>(id, new() { Locking = RowLock.ForUpdate });
        if (invoice.Reminded)
        {
            return null;
        }

        await session.UpdateAsync(invoice with { Reminded = true });
        var letter = new Letter { InvoiceId = id, Text = $"Dear {invoice.Customer}, invoice {id} is due." };
        session.Add(letter);
        return letter;
    }
}
