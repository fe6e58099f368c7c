using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Worker;

// dotnet run --project samples/Worker -- --ConnectionStrings:invoices="Host=localhost;Database=invoices;Username=invoices"
using var host = Reminders.Build(args);
await host.StartAsync();
await using (
    var database = NpgsqlDataSource.Create(
        host.Services.GetRequiredService<Microsoft.Extensions.Configuration.IConfiguration>()["ConnectionStrings:invoices"]!))
{
    await using var tables = database.CreateCommand(Reminders.Schema);
    await tables.ExecuteNonQueryAsync();
}

await foreach (var letter in Reminders.WriteAsync(host.Services))
{
    Console.WriteLine(letter.Text);
}
await host.StopAsync();
