package Strongroom::OpenApi;

# What the service says of itself (doc/openapi.json), and whether an answer is
# one of those. Of each kind of answer that a test has seen one is looked at.

use strict;
use warnings;
use Exporter qw(import);
use Strongroom::Json qw(decode);

our @EXPORT_OK = qw(openapi_note openapi_faults openapi_route openapi_spec);

my ($spec, @routes, %seen);

sub openapi_spec {
	my ($source) = @_;
	return $spec if $spec;
	open my $in, '<', "$source/doc/openapi.json" or die "openapi.json: $!";
	local $/;
	$spec = decode(<$in>);
	# Paths as they stand before those with a parameter.
	@routes = map { [$_, do { my $re = quotemeta;
	    $re =~ s/\\\{\w+\\\}/[^\/]+/g; my $slash =
	m{\A/api/} ? '/?' : ''; qr{\A$re$slash\z} }] }
	    sort { ($a =~ tr/{//) <=> ($b =~ tr/{//) } keys %{ $spec->{paths} };
	return $spec;
}

# The path of the document that a request's path is.
sub openapi_route {
	my ($source, $path) = @_;
	openapi_spec($source);
	for my $route (@routes) {
		return $route->[0] if $path =~ $route->[1];
	}
	return;
}

sub _method {
	my ($method, $headers) = @_;
	my %h = map { lc } @{ $headers // [] };
	return $h{'x-http-method-override'} // $method;
}

# Remember an answer of the service, unless one like it is remembered.
sub openapi_note {
	my ($source, $asked, $answer) = @_;
	my $type = $answer->{headers}{'content-type'} // return;
	return if $asked->{params};	# it may be of another path
	# What is a web server's own.
	return if grep { $answer->{status} == $_ } 408, 414, 429, 431, 494 ..
	    497, 501, 502, 504, 505, 599;
	return if $type !~ m{\Aapplication/json} && $answer->{status} != 200;
	my $route = openapi_route($source, $asked->{path}) // return;
	my $method = lc _method($asked->{method}, $asked->{headers});
	my $known = $spec->{paths}{$route}{$method eq 'head' ? 'get' : $method};
	return if $method eq 'head' || !$known || length $answer->{body} > 1e5;
	# Names and kinds alone: values are as many as there are tests.
	my $shape = substr $answer->{body} =~ s/([:,\[])"(?:[^"\\]++|\\.)*+"/$1s/gr
	    =~ s/([:,\[])-?[0-9][0-9.eE+-]*/${1}n/gr, 0, 600;
	$seen{"$method $route $answer->{status} $type $shape"} //=
	    [$method, $route, $answer->{status}, $type, $answer->{body}];
}

sub _validator { require JSON::Validator; return JSON::Validator->new }

# What is wrong with the answers that are remembered; undef where the library
# to tell is not installed.
sub openapi_faults {
	my ($source) = @_;
	return () if !%seen;
	eval { require JSON::Validator } or return undef;
	my $schema = _validator()->schema("$source/doc/openapi.json")->schema;
	my @faults;
	for my $kind (sort keys %seen) {
		my ($method, $route, $status, $type, $body) = @{ $seen{$kind} };
		my $is_json = $type =~ m{\Aapplication/json};
		my $value = $is_json ? eval { decode($body) } : $body;
		my $said = $schema->get(['paths', $route, $method, 'responses',
		    $status]);
		if (!$said) {
			push @faults, "$kind: the document has no such status";
			next;
		}
		push @faults, map { "$kind: $_" } $schema->validate_response(
		    [$method, $route, $status], {
		    header => sub { return { exists => 0 } },
		    body => sub { return { exists => 1, content_type =>
			$type =~ s/;.*//r, value => $value } } });
	}
	return @faults;
}

1;
