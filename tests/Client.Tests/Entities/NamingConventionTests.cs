using Broker.Client.Entities;

namespace Broker.Client.Tests.Entities;

public sealed class NamingConventionTests
{
    [Theory]
    [InlineData("Id", "id")]
    [InlineData("OrderLine", "order_line")]
    [InlineData("HTTPStatus", "http_status")]
    [InlineData("CustomerID", "customer_id")]
    [InlineData("Line2", "line2")]
    [InlineData("already_snake", "already_snake")]
    [InlineData("Mixed_Case", "mixed_case")]
    public void Names_are_snake_case(string name, string snake) => Assert.Equal(snake, NamingConvention.Snake(name));

    [Theory]
    [InlineData("Order", "orders")]
    [InlineData("OrderLine", "order_lines")]
    [InlineData("Category", "categories")]
    [InlineData("Day", "days")]
    [InlineData("Address", "addresses")]
    [InlineData("Box", "boxes")]
    [InlineData("Branch", "branches")]
    [InlineData("SalesPerson", "sales_people")]
    public void A_table_is_called_as_the_singular_or_the_plural(string type, string plural) =>
        Assert.Equal<string>([NamingConvention.Snake(type), plural], NamingConvention.TableNames(type));
}
